package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

// somebodyAsked wants each destroy to have been asked for, and each environment
// that is gone to have been destroyed.
func somebodyAsked(_ context.Context, e resting) ([]string, error) {
	runs, err := e.records.runs(e.key, 0)
	broken := nobodyAsked(runs, e.project.asked)
	if e.expected.exists && (!e.recorded || e.record.Status == aloft.EnvironmentDestroyed) {
		broken = append(broken, "it is gone, and no run destroyed it")
	}
	return broken, err
}

// dataStays wants a database to say the same of itself for as long as its
// environment lives. The suite learns what that is from the first look.
func dataStays(ctx context.Context, e resting) ([]string, error) {
	if !e.expected.exists || e.record.Revision == "" {
		return nil, nil
	}
	if e.project.life != e.expected.life {
		e.project.life, e.project.born = e.expected.life, ""
	}
	status, born, err := e.get(ctx, "/database")
	if err != nil || status != http.StatusOK {
		return nil, err // that it answers is another's to want
	}
	if e.project.born == "" {
		e.project.born = born
	}
	if born != e.project.born {
		return []string{"its database is not the one that it was: the data is gone"}, nil
	}
	return nil, nil
}

func nothingTwice(_ context.Context, e resting) ([]string, error) {
	var broken []string
	before := thing{}
	for _, t := range e.cloud.of(e.key.Environment) {
		if t.Name == before.Name {
			broken = append(broken, fmt.Sprintf("%s and %s are both %s", before.ID, t.ID, t.Name))
		}
		before = t
	}
	return broken, nil
}

func nothingDisagrees(ctx context.Context, e resting) ([]string, error) {
	told, err := e.disagreements(ctx)
	if sentence := told[e.key]; sentence != "" {
		return []string{sentence}, err
	}
	return nil, err
}

// disagreements returns what the server says that disagrees, by environment.
func (b *bench) disagreements(ctx context.Context) (map[aloft.EnvironmentKey]string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.url()+api.Base+"/environments", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+b.server.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var list []struct {
		aloft.EnvironmentKey
		Disagreement string `json:"disagreement"`
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the environments are answered with %s", response.Status)
	}
	told := map[aloft.EnvironmentKey]string{}
	err = json.NewDecoder(response.Body).Decode(&list)
	for _, e := range list {
		told[e.EnvironmentKey] = e.Disagreement
	}
	return told, err
}

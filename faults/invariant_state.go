package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aloft-dev/aloft"
)

// stateThing is a thing as a state knows it.
type stateThing struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// errEncrypted tells that only an engine can read a state.
var errEncrypted = errors.New("the state is encrypted")

// state returns the things in the newest state; ok is false when there is none.
func (e resting) state(ctx context.Context) (things []stateThing, ok bool, err error) {
	data, err := e.server.client.State(ctx, e.key, 0)
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	var document struct {
		Encrypted string `json:"encrypted_data"`
		Resources []struct {
			Type      string `json:"type"`
			Instances []struct {
				Attributes stateThing `json:"attributes"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, false, err
	}
	if document.Encrypted != "" {
		return nil, true, errEncrypted
	}
	for _, resource := range document.Resources {
		for _, instance := range resource.Instances {
			if resource.Type == "cloud_thing" {
				things = append(things, instance.Attributes)
			}
		}
	}
	return things, true, nil
}

// stateIsTrue and stateIsComplete do not look at an environment whose newest run
// failed: what that run left is healed before the next one changes anything, and
// a round does not end before a next one has succeeded.
func stateIsTrue(ctx context.Context, e resting) ([]string, error) {
	if e.expected.failed {
		return nil, nil
	}
	known, ok, err := e.state(ctx)
	if errors.Is(err, errEncrypted) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !ok && e.record.Revision != "" {
		return []string{"it runs, and its state is gone"}, nil
	}
	var broken []string
	existing := e.cloud.of(e.key.Environment)
	for _, k := range known {
		if !slices.ContainsFunc(existing, func(t thing) bool { return t.ID == k.ID }) {
			broken = append(broken, fmt.Sprintf("%s (%s) is in the state and nowhere else", k.ID, k.Name))
		}
	}
	return broken, nil
}

func stateIsComplete(ctx context.Context, e resting) ([]string, error) {
	if e.expected.failed {
		return nil, nil
	}
	known, _, err := e.state(ctx)
	readable := !errors.Is(err, errEncrypted)
	if err != nil && readable {
		return nil, err
	}
	var broken []string
	sizes := map[string]int64{}
	for _, t := range e.cloud.of(e.key.Environment) {
		if readable && !slices.ContainsFunc(known, func(k stateThing) bool { return k.ID == t.ID }) {
			broken = append(broken, fmt.Sprintf("%s (%s) is in no state", t.ID, t.Name))
		}
		sizes[t.Name] = t.Size
	}
	if len(broken) > 0 || e.record.Status != aloft.EnvironmentReady || e.expected.applied == "" {
		return broken, nil
	}
	wanted := e.project.commits[e.expected.applied].things
	for name, size := range wanted {
		if have, ok := sizes[name]; !ok || have != size {
			broken = append(broken, fmt.Sprintf("%s was to have size %d, and has %d", name, size, have))
		}
	}
	if len(sizes) > len(wanted) {
		broken = append(broken, fmt.Sprintf("%d things exist, %d were to", len(sizes), len(wanted)))
	}
	return broken, nil
}

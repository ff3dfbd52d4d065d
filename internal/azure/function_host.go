package azure

import (
	"context"
	"net/http"
	"strings"

	"github.com/aloft-dev/aloft"
)

// awaitHost asks the host of the functions, and whether it has found any: none is
// the usual silent failure.
func (s *site) awaitHost(ctx context.Context) error {
	end := s.options.Clock.Now().Add(hostTime)
	for {
		err := s.hostRuns(ctx)
		if err == nil || !s.options.Clock.Now().Before(end) || ctx.Err() != nil {
			return err
		}
		if err := s.options.Clock.Sleep(ctx, usualPause); err != nil {
			return err
		}
	}
}

func (s *site) hostRuns(ctx context.Context) error {
	var keys struct {
		Master string `json:"masterKey"`
	}
	x := s.at("/host/default/listkeys", "read the keys of "+s.label)
	x.method = http.MethodPost
	if _, err := s.client.patient(ctx, x, &keys, s.say); err != nil {
		return err
	}
	address := "https://" + s.state.Properties.Host + "/admin/host/status"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("x-functions-key", keys.Master)
	response, err := s.visits.Do(request)
	if err != nil {
		return aloft.Errorf(aloft.CodeFailed, "the host of %s does not answer: %w", s.label, err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return aloft.Errorf(aloft.CodeFailed, "the host of %s does not run: %s answers with status %d", s.label, address, response.StatusCode).
			WithHint("Application Insights has what it said")
	}
	return s.hasFunctions(ctx)
}

func (s *site) hasFunctions(ctx context.Context) error {
	var list struct {
		Value []struct {
			Name string `json:"name"`
		} `json:"value"`
	}
	if _, err := s.client.send(ctx, s.at("/functions", "list the functions of "+s.label), &list); err != nil {
		return err
	}
	for _, f := range list.Value {
		if !strings.HasSuffix(strings.ToLower(f.Name), "/warmup") && !strings.EqualFold(f.Name, "warmup") {
			return nil
		}
	}
	return aloft.Errorf(aloft.CodeFailed, "%s was deployed, but its host has found no function in it", s.label).
		WithHint("host.json must be at the root of the app's folder, and its runtime the one that is deployed to")
}

package azure

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/aloft-dev/aloft"
)

// tidyTime bounds how long Azure may be busy before a revision that nobody needs
// is left to the next deployment.
const tidyTime = 2 * time.Minute

// serving is the name of the revision that has most of the traffic.
func (a *containerApp) serving() string {
	name, most := a.state.Properties.LatestReady, 0.0
	for _, entry := range a.traffic() {
		weight, _ := entry["weight"].(float64)
		if weight <= most {
			continue
		}
		most = weight
		if latest, _ := entry["latestRevision"].(bool); latest {
			name = a.state.Properties.LatestReady
		} else {
			name, _ = entry["revisionName"].(string)
		}
	}
	return name
}

func (a *containerApp) traffic() []map[string]any {
	list, _ := a.state.Properties.Configuration.Ingress["traffic"].([]any)
	var entries []map[string]any
	for _, item := range list {
		if entry, ok := item.(map[string]any); ok {
			entries = append(entries, entry)
		}
	}
	return entries
}

// pin lets what serves keep the traffic: as Terraform makes the app, whatever is
// newest gets it, also what was never asked.
func (a *containerApp) pin(ctx context.Context, name string) error {
	entries := a.traffic()
	if name == "" || len(entries) > 0 && !slices.ContainsFunc(entries, func(entry map[string]any) bool {
		latest, _ := entry["latestRevision"].(bool)
		return latest
	}) {
		return nil
	}
	return a.move(ctx, name)
}

// swap moves all traffic to a revision.
func (a *containerApp) swap(ctx context.Context, name string) error {
	ended := a.Timing.Begin("swap", "the traffic")
	err := a.move(ctx, name)
	ended(err)
	return err
}

// swapped looks whether a revision serves although the change is said to have
// failed. Only one that does not is given up: what cannot be known is left to the
// next run.
func (a *containerApp) swapped(ctx context.Context, name string, old revision) bool {
	if a.read(ctx) != nil {
		return false
	}
	if a.serving() != name {
		a.giveUp(ctx, name, old)
		return false
	}
	return true
}

// move gives all traffic to a revision and looks whether it has it. Where a
// configuration is sent its secrets have to be sent with it, or they are lost: azd
// and the provider do the same.
func (a *containerApp) move(ctx context.Context, name string) error {
	if err := a.read(ctx); err != nil {
		return err
	}
	ingress := maps.Clone(a.state.Properties.Configuration.Ingress)
	delete(ingress, "fqdn") // only told
	ingress["traffic"] = []any{map[string]any{"revisionName": name, "weight": 100}}
	configuration := map[string]any{"ingress": ingress}
	if len(a.state.Properties.Configuration.Secrets) > 0 {
		secrets, err := a.secrets(ctx)
		if err != nil {
			return err
		}
		configuration["secrets"] = secrets
	}
	change := a.at("", "move the traffic of "+a.App.Name+" to "+name)
	change.method, change.body = http.MethodPatch, map[string]any{"properties": map[string]any{"configuration": configuration}}
	begun, err := a.client.change(ctx, change, a.say)
	if err != nil {
		return err
	}
	if err := begun.wait(ctx); err != nil {
		return err
	}
	if err := a.read(ctx); err != nil {
		return err
	}
	if got := a.serving(); got != name {
		return aloft.Errorf(aloft.CodeFailed, "cannot move the traffic of %s: Azure took the change, but %s serves and not %s", a.App.Name, got, name)
	}
	return nil
}

// secrets reads the secrets of the app with their values. Those of a vault have
// none: its address is sent back.
func (a *containerApp) secrets(ctx context.Context) ([]map[string]any, error) {
	var list struct {
		Value []map[string]any `json:"value"`
	}
	x := a.at("/listSecrets", "read the secrets of "+a.App.Name)
	x.method = http.MethodPost
	if _, err := a.client.patient(ctx, x, &list, a.say); err != nil {
		return nil, err
	}
	for _, secret := range list.Value {
		if address, _ := secret["keyVaultUrl"].(string); address != "" {
			delete(secret, "value")
		}
	}
	return list.Value, nil
}

// retire lets requests under way end and stops what is no longer asked.
func (a *containerApp) retire(ctx context.Context, all revisions, serving string) {
	ctx = context.WithoutCancel(ctx)
	ended := a.Timing.Begin("drain", "")
	err := a.options.Clock.Sleep(ctx, a.options.DrainTime)
	a.tidy(ctx, all, serving)
	ended(err)
}

// tidy deactivates every revision but those that are needed: what was replaced,
// and what an interrupted run has left.
func (a *containerApp) tidy(ctx context.Context, all revisions, keep ...string) {
	for _, r := range all {
		if r.Properties.Active && !slices.Contains(keep, r.Name) {
			a.deactivate(ctx, r.Name)
		}
	}
}

// deactivate stops a revision; it can be activated again. What is not there, or
// does not run, is left as it is. That it did not work is told and no error: the
// next deployment does it.
func (a *containerApp) deactivate(ctx context.Context, name string) {
	if name == "" {
		return
	}
	x := a.at("/revisions/"+name+"/deactivate", "deactivate revision "+name)
	x.method = http.MethodPost
	end := a.options.Clock.Now().Add(tidyTime)
	for {
		response, err := a.client.send(ctx, x, nil)
		if err == nil || hasStatus(err, http.StatusNotFound) {
			return
		}
		if !isBusy(err) || !a.options.Clock.Now().Before(end) || a.options.Clock.Sleep(ctx, pauseOf(response)) != nil {
			a.say("revision %s is still active, the next deployment stops it: %s", shortName(name), err)
			return
		}
	}
}

// failed ends an attempt whose revision does not answer. What was stopped by
// somebody is left: the next run goes on with it.
func (a *containerApp) failed(ctx context.Context, name string, old revision, cause error) error {
	if ctx.Err() != nil || aloft.ErrorCode(canceled(cause)) == aloft.CodeCanceled {
		return cause
	}
	a.showLastLines(ctx, name)
	a.giveUp(ctx, name, old)
	return cause
}

func (a *containerApp) giveUp(ctx context.Context, name string, old revision) {
	a.deactivate(context.WithoutCancel(ctx), name)
	if digestOf(old.image()) != "" {
		a.say("revision %s keeps serving", shortName(old.Name))
	}
}

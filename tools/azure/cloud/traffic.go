package cloud

import (
	"net/http"
	"strings"
)

// appOf returns the app behind a host name, and the revision when the host is
// one's own. The caller holds the lock.
func (c *Cloud) appOf(host string) (*resource, *revision) {
	for _, r := range c.all(func(r *resource) bool { return r.kind == appKind }) {
		app, ok := r.state.(*containerApp)
		if !ok {
			continue
		}
		fqdn := text(object(object(object(r.body, "properties"), "configuration"), "ingress"), "fqdn")
		if fqdn == host {
			return r, nil
		}
		for _, one := range app.revisions {
			if fqdn != "" && one.host(fqdn) == host {
				return r, one
			}
		}
	}
	return nil, nil
}

// appHost returns what answers for the host names of container apps.
func (c *Cloud) appHost(host string) http.Handler {
	switch {
	case strings.HasSuffix(host, logSuffix):
		return http.HandlerFunc(c.streamLog)
	case strings.HasSuffix(host, appSuffix):
		return http.HandlerFunc(c.serveApp)
	}
	return nil
}

// serveApp leads a request to a revision: to the host's own, or to one that is
// drawn by weight. One that sleeps is woken.
func (c *Cloud) serveApp(w http.ResponseWriter, r *http.Request) {
	host := hostName(r.Host)
	c.mu.Lock()
	record, chosen := c.appOf(host)
	if record != nil && chosen == nil {
		chosen = c.draw(record)
	}
	c.mu.Unlock()
	switch {
	case record == nil:
		http.Error(w, "Error 404 - This Container App is stopped or does not exist.", http.StatusNotFound)
		return
	case chosen == nil:
		http.Error(w, "upstream connect error or disconnect/reset before headers", http.StatusServiceUnavailable)
		return
	}
	running, err := c.awake(r.Context(), chosen)
	if err != nil {
		http.Error(w, "upstream connect error or disconnect/reset before headers: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	running.serve(w, r)
}

// draw chooses a revision by the weights of the traffic. The caller holds the lock.
func (c *Cloud) draw(r *resource) *revision {
	app := r.state.(*containerApp)
	ingress := object(object(object(r.body, "properties"), "configuration"), "ingress")
	at := c.random.IntN(100)
	for _, one := range list(ingress, "traffic") {
		weight, _ := one.(map[string]any)
		if at -= number(weight, "weight", 0); at >= 0 {
			continue
		}
		if latest, _ := weight["latestRevision"].(bool); latest {
			return app.latestReady()
		}
		if chosen := app.revision(text(weight, "revisionName")); chosen != nil && chosen.active {
			return chosen
		}
		return nil
	}
	return app.latestReady()
}

// latestReady returns the newest active revision that has been ready.
func (app *containerApp) latestReady() *revision {
	for i := len(app.revisions) - 1; i >= 0; i-- {
		if r := app.revisions[i]; r.active && r.ready {
			return r
		}
	}
	return nil
}

// ScaleToZero stops the replicas of an app that may go to none, as Azure does
// five minutes after the last request (doc, "Set scaling rules"). The next
// request wakes them.
func (c *Cloud) ScaleToZero(name string) {
	c.mu.Lock()
	var asleep []*replica
	for _, r := range c.all(func(r *resource) bool { return r.kind == appKind && strings.EqualFold(r.name(), name) }) {
		app, ok := r.state.(*containerApp)
		if !ok {
			continue
		}
		for _, one := range app.revisions {
			if one.replica != nil && one.ready && one.minimum() == 0 {
				asleep = append(asleep, one.replica)
				one.replica, one.running = nil, "ScaledToZero"
			}
		}
	}
	c.mu.Unlock()
	for _, one := range asleep {
		one.close()
	}
}

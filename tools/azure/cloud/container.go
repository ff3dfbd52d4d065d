package cloud

import (
	"context"
	"errors"
	"strings"

	"github.com/aloft-dev/aloft/internal/supervise"
)

// readiness returns the probe by which a container says that requests may come:
// its readiness probe, its startup probe, or that its port is open.
func readiness(container, configuration map[string]any) probe {
	found := probe{}
	for _, one := range list(container, "probes") {
		p, _ := one.(map[string]any)
		get, ok := p["httpGet"].(map[string]any)
		if ok && (strings.EqualFold(text(p, "type"), "Readiness") || found.path == "" && strings.EqualFold(text(p, "type"), "Startup")) {
			found.path = "/" + strings.TrimPrefix(text(get, "path"), "/")
		}
	}
	return found
}

// bringUp starts the container of a revision.
func (c *Cloud) bringUp(ctx context.Context, rev *revision, configuration map[string]any) (*replica, error) {
	container := rev.container()
	reference := text(container, "image")
	found, err := c.pull(ctx, reference, c.puller(rev.app.id, configuration, reference))
	if err != nil {
		return nil, errors.New("image '" + reference + "' cannot be pulled: " + err.Error())
	}
	if found.root == "" {
		return c.startPlaceholder()
	}
	p := found.program(words(container, "command"), words(container, "args"))
	p = p.with(c.settings(container, configuration)...)
	p = p.with("CONTAINER_APP_NAME="+lastPart(rev.app.id), "CONTAINER_APP_REVISION="+rev.name)
	return c.start(p, func(e supervise.Event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		rev.restarts = e.Restarts
		if e.State == supervise.StateBackingOff && rev.ready {
			rev.running, rev.problem = "Degraded", e.Exit.String()
		} else if rev.ready && rev.active {
			rev.running = "Running"
		}
	})
}

// puller returns the object id of the identity that an app pulls an image with,
// "" when it has none for that registry.
func (c *Cloud) puller(app string, configuration map[string]any, reference string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range list(configuration, "registries") {
		registry, _ := one.(map[string]any)
		if !strings.HasPrefix(reference, text(registry, "server")+"/") {
			continue
		}
		identity := text(registry, "identity")
		if strings.EqualFold(identity, "system") {
			identity = app
		}
		if p := c.identity(identity); p != nil {
			return p.object
		}
	}
	return ""
}

// settings returns the variables of a container, secrets filled in.
func (c *Cloud) settings(container, configuration map[string]any) []string {
	secrets := map[string]string{}
	for _, one := range list(configuration, "secrets") {
		secret, _ := one.(map[string]any)
		value := text(secret, "value")
		if address := text(secret, "keyVaultUrl"); address != "" {
			value = c.secretAt(address)
		}
		secrets[text(secret, "name")] = value
	}
	var all []string
	for _, one := range list(container, "env") {
		variable, _ := one.(map[string]any)
		value := text(variable, "value")
		if reference := text(variable, "secretRef"); reference != "" {
			value = secrets[reference]
		}
		all = append(all, text(variable, "name")+"="+value)
	}
	return all
}

// secretAt reads a secret of a vault, which a host of the test's own may serve;
// "" when it cannot be had.
func (c *Cloud) secretAt(address string) string {
	text, err := c.inside(c.context, address+"?api-version=7.4")
	if err != nil {
		return ""
	}
	return string(text)
}

func words(body map[string]any, name string) []string {
	var all []string
	for _, one := range list(body, name) {
		if word, ok := one.(string); ok {
			all = append(all, word)
		}
	}
	return all
}

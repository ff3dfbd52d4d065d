package cloud

import (
	"cmp"
	"context"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"
)

const (
	environmentKind = "microsoft.app/managedenvironments"
	appKind         = "microsoft.app/containerapps"
	revisionKind    = appKind + "/revisions"
	appSuffix       = ".azurecontainerapps.io"
	logSuffix       = ".azurecontainerapps.dev"
)

// completeEnvironment fills in what the provider reads (prov,
// container_app_environment_resource.go).
func completeEnvironment(_ *Cloud, r *resource) *failure {
	properties := r.properties()
	properties["defaultDomain"] = "calm-" + idOf(strings.ToLower(r.id))[:8] + "." + r.location() + appSuffix
	properties["staticIp"] = "20.0.0.1"
	for name, value := range map[string]any{
		"zoneRedundant": false, "publicNetworkAccess": "Enabled",
		"customDomainConfiguration": map[string]any{"customDomainVerificationId": "0123456789ABCDEF"},
		"peerAuthentication":        map[string]any{"mtls": map[string]any{"enabled": false}},
	} {
		preset(properties, name, value)
	}
	return nil
}

// containerApp is what an app has besides its record.
type containerApp struct {
	id        string
	revisions []*revision // oldest first
	used      map[string]bool
}

// completeApp checks an app that is being written and hides what Azure does not
// tell.
func completeApp(c *Cloud, r *resource) *failure {
	properties := r.properties()
	environment := c.find(cmp.Or(text(properties, "environmentId"), text(properties, "managedEnvironmentId")))
	if environment == nil {
		return notFound("ManagedEnvironmentNotFound", "The Managed Environment '%s' was not found.", text(properties, "managedEnvironmentId"))
	}
	if f := c.claimIdentities(r); f != nil {
		return f
	}
	c.keep(r, "latestRevisionName", "latestReadyRevisionName", "latestRevisionFqdn")
	configuration := grow(properties, "configuration")
	preset(configuration, "activeRevisionsMode", "Single")
	if f := checkSecrets(configuration); f != nil {
		return f
	}
	app, _ := r.state.(*containerApp)
	if app == nil {
		app = &containerApp{id: r.id, used: map[string]bool{}}
	}
	template := grow(properties, "template")
	withoutNulls(template)
	if f := app.checkTemplate(r.name(), template); f != nil {
		return f
	}
	domain := text(object(environment.body, "properties"), "defaultDomain")
	if ingress, ok := configuration["ingress"].(map[string]any); ok {
		ingress["fqdn"] = r.name() + "." + domain
		if f := app.checkTraffic(r.name(), configuration, ingress); f != nil {
			return f
		}
	}
	properties["environmentId"], properties["managedEnvironmentId"] = environment.id, environment.id
	properties["customDomainVerificationId"] = "0123456789ABCDEF"
	properties["outboundIpAddresses"] = []any{"20.0.0.1"}
	properties["eventStreamEndpoint"] = logAddress(r) + "/eventstream"
	properties["runningStatus"] = "Running"
	r.state = app
	return nil
}

// checkSecrets refuses a secret without a value: whoever sends a configuration
// back must have asked for the values first (azd changelog #7062). A PATCH that
// leaves the configuration alone keeps them.
func checkSecrets(configuration map[string]any) *failure {
	for _, one := range list(configuration, "secrets") {
		secret, _ := one.(map[string]any)
		if text(secret, "value") == "" && text(secret, "keyVaultUrl") == "" {
			return badRequest("ContainerAppSecretInvalid", "Invalid Request: Container app secret(s) with name(s) '%s' are invalid: value or keyVaultUrl and identity should be provided.", text(secret, "name"))
		}
	}
	return nil
}

// withoutNulls takes away what a client names without a value.
func withoutNulls(value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, part := range v {
			if part == nil {
				delete(v, name)
				continue
			}
			withoutNulls(part)
		}
	case []any:
		for _, part := range v {
			withoutNulls(part)
		}
	}
}

var suffixPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// checkTemplate holds a template to the rules of suffixes: once in an app's life
// (issues azure-container-apps#650, avm#115), short, no double hyphen (guess).
// The codes are guesses.
func (app *containerApp) checkTemplate(name string, template map[string]any) *failure {
	if len(list(template, "containers")) == 0 {
		return badRequest("ContainerAppInvalidTemplate", "The template of container app '%s' has no container.", name)
	}
	suffix := text(template, "revisionSuffix")
	if suffix == "" {
		return nil
	}
	if !suffixPattern.MatchString(suffix) || strings.Contains(suffix, "--") || len(name)+len(suffix)+2 > 64 {
		return badRequest("ContainerAppInvalidRevisionSuffix", "Invalid revision suffix '%s': lower case letters, digits and single hyphens, at most 64 characters with the name of the app.", suffix)
	}
	known := app.revision(name + "--" + suffix)
	if known != nil && known.active && !sameTemplate(known.template, template) {
		return badRequest("ContainerAppRevisionSuffixInUse", "The revision suffix '%s' is used by another revision of container app '%s'.", suffix, name)
	}
	return nil
}

func sameTemplate(a, b map[string]any) bool { return reflect.DeepEqual(a, b) }

// checkTraffic wants weights that name revisions that are there and add up to
// 100. In Single mode the newest has all (doc, "Traffic splitting").
func (app *containerApp) checkTraffic(name string, configuration, ingress map[string]any) *failure {
	if strings.EqualFold(text(configuration, "activeRevisionsMode"), "Single") || len(list(ingress, "traffic")) == 0 {
		ingress["traffic"] = []any{map[string]any{"latestRevision": true, "weight": float64(100)}}
		return nil
	}
	sum := 0
	for _, one := range list(ingress, "traffic") {
		weight, _ := one.(map[string]any)
		withoutNulls(weight)
		sum += number(weight, "weight", 0)
		if revision := text(weight, "revisionName"); revision != "" && app.revision(revision) == nil {
			return badRequest("ContainerAppInvalidTraffic", "Revision '%s' of container app '%s' does not exist.", revision, name)
		}
	}
	if sum != 100 {
		return badRequest("ContainerAppInvalidTraffic", "The traffic weights of container app '%s' add up to %d, not to 100.", name, sum)
	}
	return nil
}

func (app *containerApp) revision(name string) *revision {
	for _, r := range app.revisions {
		if strings.EqualFold(r.name, name) {
			return r
		}
	}
	return nil
}

// hideSecrets takes the values of secrets out of what GET tells.
func hideSecrets(_ *Cloud, body map[string]any) {
	for _, one := range list(object(object(body, "properties"), "configuration"), "secrets") {
		if secret, ok := one.(map[string]any); ok {
			delete(secret, "value")
		}
	}
}

// listSecrets tells the values too. Without secrets it has nothing to say.
func listSecrets(q *request) *answer {
	r := q.record()
	if r == nil {
		return q.missing()
	}
	secrets := list(object(object(r.body, "properties"), "configuration"), "secrets")
	if len(secrets) == 0 {
		return &answer{status: http.StatusOK, body: map[string]any{"value": []any{}}}
	}
	return &answer{status: http.StatusOK, body: map[string]any{"value": copied(secrets)}}
}

// removeApp stops all that an app runs.
func removeApp(c *Cloud, r *resource) {
	app, ok := r.state.(*containerApp)
	if !ok {
		return
	}
	for _, one := range app.revisions {
		c.retire(one)
	}
	app.revisions = nil
}

// expiry is how long an operation waits for a revision.
func (c *Cloud) expiry() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cmp.Or(c.faults.Expiry, 5*time.Second)
}

// appWork makes a revision when the template has changed.
func appWork(c *Cloud, r *resource, before map[string]any) func(context.Context) *failure {
	app := r.state.(*containerApp)
	template := object(r.properties(), "template")
	earlier := object(object(before, "properties"), "template")
	if before != nil && sameTemplate(earlier, template) {
		c.settle(r)
		return nil
	}
	suffix := text(template, "revisionSuffix")
	if suffix != "" && app.used[suffix] { // it does nothing, and says nothing (issue azure-container-apps#650)
		c.settle(r)
		return nil
	}
	made := app.add(c, r, suffix, template)
	return func(ctx context.Context) *failure { return c.launch(ctx, r.id, made) }
}

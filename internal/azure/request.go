package azure

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"github.com/aloft-dev/aloft"
)

// text is a further value of Terraform's output "apps" for the app; "" = none.
func (r Request) text(name string) string {
	value, _ := r.Output.More[name].(string)
	return value
}

// say tells a line of what happens.
func (r Request) say(format string, args ...any) {
	if r.Log != nil {
		fmt.Fprintf(r.Log, format+"\n", args...)
	}
}

// lines is where lines of others go.
func (r Request) lines() io.Writer {
	if r.Log == nil {
		return io.Discard
	}
	return r.Log
}

// patience is how long a release may take to answer once it runs. The probes of
// our container app give it 5 minutes, App Service nearly 4.
func (r Request) patience() time.Duration {
	if r.App.HealthTime > 0 {
		return r.App.HealthTime
	}
	return 5 * time.Minute
}

// resource returns the path of a resource of the app: the id that Terraform's
// output tells, else one put together from its group and its name.
func (t *Target) resource(r Request, kind string) (string, error) {
	if id := r.text("id"); id != "" {
		parsed, err := arm.ParseResourceID(id)
		if err != nil || !strings.EqualFold(parsed.ResourceType.String(), kind) {
			return "", aloft.Errorf(aloft.CodeInvalid, "cannot deploy %s: %q in output \"apps\" is not the id of a resource of type %s", r.App.Name, id, kind)
		}
		return parsed.String(), nil
	}
	return t.beside(r, kind, r.Output.Name)
}

// beside returns the path of a resource in the group of the app.
func (t *Target) beside(r Request, kind, name string) (string, error) {
	group := r.text("resource_group")
	if group == "" {
		if parsed, err := arm.ParseResourceID(r.text("id")); err == nil {
			group = parsed.ResourceGroupName
		}
	}
	subscription := t.subscription(r)
	for what, value := range map[string]string{"a name": name, "a resource_group": group} {
		if value == "" {
			return "", aloft.Errorf(aloft.CodeInvalid, "cannot deploy %s: output \"apps\" has no id and not %s for it", r.App.Name, what).
				WithHint("the outputs that `aloft init` writes have both")
		}
	}
	if subscription == "" {
		return "", noSubscription("deploy " + r.App.Name)
	}
	return fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/%s/%s",
		url.PathEscape(subscription), url.PathEscape(group), kind, url.PathEscape(name)), nil
}

func (t *Target) subscription(r Request) string {
	if parsed, err := arm.ParseResourceID(r.text("id")); err == nil && parsed.SubscriptionID != "" {
		return parsed.SubscriptionID
	}
	return t.options.Subscription
}

func noSubscription(doing string) error {
	return aloft.Errorf(aloft.CodeInvalid, "cannot %s: no subscription of Azure's is chosen", doing).
		WithHint("set ARM_SUBSCRIPTION_ID; `az account show --query id -o tsv` prints the one that is chosen in az")
}

// push returns the reference of the request's image by its digest; it is there
// already when the release command has needed it.
func (t *Target) push(ctx context.Context, r Request) (string, error) {
	registry := r.text("registry_server")
	if registry == "" {
		return "", aloft.Errorf(aloft.CodeInvalid, "cannot deploy %s: output \"apps\" has no registry_server for its image", r.App.Name).
			WithHint("give the environment a registry, as `aloft init` does, and name its login_server there")
	}
	if t.options.Push == nil {
		return "", aloft.Errorf(aloft.CodeUnavailable, "cannot deploy %s: there is nothing that makes images here", r.App.Name)
	}
	key := strings.Join([]string{registry, r.App.Name, r.Key.String(), r.Artifact.ID}, "\n")
	t.mu.Lock()
	reference := t.pushed[key]
	t.mu.Unlock()
	if reference != "" && r.Artifact.ID != "" {
		return reference, nil
	}
	ended := r.Timing.Begin("push", registry)
	reference, err := t.options.Push(ctx, r, registry)
	ended(err)
	if err != nil {
		return "", err
	}
	if digestOf(reference) == "" {
		return "", fmt.Errorf("the image of %s was pushed as %q, which has no digest", r.App.Name, reference)
	}
	t.mu.Lock()
	t.pushed[key] = reference
	t.mu.Unlock()
	return reference, nil
}

// digestOf is the digest of an image's reference, "sha256:…"; "" = it names a
// version that can change.
func digestOf(reference string) string {
	_, digest, found := strings.Cut(reference, "@")
	if !found || !strings.HasPrefix(digest, "sha256:") {
		return ""
	}
	return digest
}

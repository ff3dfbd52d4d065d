package azure

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

const (
	containerAppType    = "Microsoft.App/containerApps"
	containerAppVersion = "2025-07-01" // of the API
	pullTime            = 5 * time.Minute
	pullPause           = 20 * time.Second
)

// containerApps deploys images as revisions. The app is in the mode Multiple: a
// new revision gets no traffic, is asked at its own host name, and then all
// traffic moves at once. So what served before serves until something better
// answers, and going back is one change without a start.
type containerApps struct{ *Target }

// containerApp is the app of a request, as Azure shows it.
type containerApp struct {
	*Target
	Request
	id    string
	state containerAppState
}

type containerAppState struct {
	Name       string `json:"name"`
	Properties struct {
		Latest        string `json:"latestRevisionName"`
		LatestReady   string `json:"latestReadyRevisionName"`
		Configuration struct {
			Mode    string           `json:"activeRevisionsMode"`
			Ingress map[string]any   `json:"ingress"`
			Secrets []map[string]any `json:"secrets"` // without their values
		} `json:"configuration"`
		Template map[string]any `json:"template"`
	} `json:"properties"`
}

func (h containerApps) open(ctx context.Context, r Request) (*containerApp, error) {
	id, err := h.resource(r, containerAppType)
	if err != nil {
		return nil, err
	}
	a := &containerApp{Target: h.Target, Request: r, id: id}
	if err := a.read(ctx); err != nil {
		return nil, err
	}
	if !strings.EqualFold(a.state.Properties.Configuration.Mode, "Multiple") {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot deploy %s: its container app has one revision at a time", r.App.Name).
			WithHint("set revision_mode = \"Multiple\" in its module, and let it ignore changes of ingress[0].traffic_weight; `aloft upgrade` does")
	}
	if a.state.Properties.Configuration.Ingress == nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot deploy %s: its container app has no ingress, so nothing tells whether it answers", r.App.Name)
	}
	return a, nil
}

// openWithRevisions opens an app and lists its revisions.
func (h containerApps) openWithRevisions(ctx context.Context, r Request) (*containerApp, revisions, error) {
	a, err := h.open(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	all, err := a.revisions(ctx)
	return a, all, err
}

func (a *containerApp) read(ctx context.Context) error {
	a.state = containerAppState{}
	return a.client.readSoon(ctx, a.at("", "read the container app of "+a.App.Name), &a.state)
}

// at is a call of the app, or of what is below it.
func (a *containerApp) at(below, doing string) call {
	return call{doing: doing, url: a.id + below, version: containerAppVersion}
}

func (h containerApps) deploy(ctx context.Context, r Request) (aloft.Release, bool, error) {
	a, err := h.open(ctx, r)
	if err != nil {
		return aloft.Release{}, false, err
	}
	reference, err := h.push(ctx, r)
	if err != nil {
		return aloft.Release{}, false, err
	}
	all, err := a.revisions(ctx)
	if err != nil {
		return aloft.Release{}, false, err
	}
	known := a.known(all)
	old, _ := all.named(a.serving())
	if a.unchanged(old, reference) {
		a.tidy(ctx, all, old.Name)
		return r.releaseOf(digestOf(reference), max(1, len(known))), true, nil
	}
	next, err := a.bring(ctx, reference, all, old)
	if err != nil {
		return aloft.Release{}, false, err
	}
	if err := a.swap(ctx, next.Name); err != nil && !a.swapped(ctx, next.Name, old) {
		return aloft.Release{}, false, err
	}
	a.retire(ctx, all, next.Name)
	return r.releaseOf(digestOf(reference), len(known)+1), false, nil
}

// unchanged reports whether a revision is what is wanted: the same image, and
// the same settings as Terraform gives the next one.
func (a *containerApp) unchanged(serving revision, reference string) bool {
	if serving.image() != reference || serving.verdict() == verdictFailed {
		return false
	}
	return serving.Name == a.state.Properties.Latest || sameTemplate(serving.Properties.Template, a.state.Properties.Template)
}

// bring returns a revision of the image that answers. One that is there and not
// yet judged is taken: an interrupted run has made it, or Terraform, which makes
// one of the same image for every change of a setting.
func (a *containerApp) bring(ctx context.Context, reference string, all revisions, old revision) (revision, error) {
	if err := a.pin(ctx, old.Name); err != nil {
		return revision{}, err
	}
	latest, _ := all.named(a.state.Properties.Latest)
	if latest.image() == reference && latest.Properties.Active && latest.Name != old.Name && latest.verdict() != verdictFailed {
		a.tidy(ctx, all, old.Name, latest.Name)
		a.say("revision %s has this image already", shortName(latest.Name))
		err := a.await(ctx, latest.Name, a.settled())
		if err == nil {
			return latest, nil
		}
		return revision{}, a.failed(ctx, latest.Name, old, err)
	}
	a.tidy(ctx, all, old.Name)
	for end := (time.Time{}); ; {
		name, err := a.start(ctx, reference)
		if err == nil {
			return revision{Name: name}, nil
		}
		now := a.options.Clock.Now()
		if !isPullError(err) || !end.IsZero() && !now.Before(end) {
			return revision{}, a.failed(ctx, name, old, err)
		}
		if end.IsZero() {
			end = now.Add(pullTime)
			a.say("the app may not pull from the registry yet: a new right counts after up to 5 minutes, trying again")
		}
		a.deactivate(ctx, name)
		if err := a.options.Clock.Sleep(ctx, pullPause); err != nil {
			return revision{}, err
		}
	}
}

// start makes a revision of the image and waits until it answers. Only the
// template is sent: what is not sent stays, and secrets cannot be read back.
func (a *containerApp) start(ctx context.Context, reference string) (name string, err error) {
	if err := a.read(ctx); err != nil {
		return "", err
	}
	suffix := suffixOf(a.Request, a.options.Clock.Now())
	name = a.state.Name + "--" + suffix
	template, err := a.templateWith(reference, suffix)
	if err != nil {
		return "", err
	}
	change := a.at("", "start a revision of "+a.App.Name)
	change.method, change.once = http.MethodPatch, true
	change.body = map[string]any{"properties": map[string]any{"template": template}}
	ended := a.Timing.Begin("start", name)
	begun, err := a.begin(ctx, change, name)
	if err == nil {
		err = a.await(ctx, name, begun)
	}
	ended(err)
	return name, err
}

// begin sends the change that makes a revision. When the answer is lost, the
// revision tells whether the request was: its name is good for once only.
func (a *containerApp) begin(ctx context.Context, change call, name string) (*operation, error) {
	const tries = 3
	for try := 1; ; try++ {
		begun, err := a.client.change(ctx, change, a.say)
		if !isLost(err) {
			return begun, err
		}
		if err := a.options.Clock.Sleep(ctx, usualPause); err != nil {
			return nil, err
		}
		if _, missing := a.client.send(ctx, a.at("/revisions/"+name, "find revision "+name), nil); missing == nil {
			return a.settled(), nil
		}
		if try == tries {
			return nil, err
		}
	}
}

// isLost reports whether nothing tells if a request was heard.
func isLost(err error) bool {
	return err != nil && (aloft.ErrorCode(err) == aloft.CodeUnavailable ||
		hasStatus(err, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout))
}

// settled is the operation that the app is in, if it is in any.
func (a *containerApp) settled() *operation {
	return &operation{client: a.client, doing: "change the container app of " + a.App.Name, pause: usualPause,
		resource: a.at("", "read the container app of "+a.App.Name)}
}

// templateWith copies the template of the app, since lists are replaced whole, and
// gives its first container the image. The command is that of the placeholder.
func (a *containerApp) templateWith(reference, suffix string) (map[string]any, error) {
	template := maps.Clone(a.state.Properties.Template)
	containers, _ := template["containers"].([]any)
	if len(containers) == 0 {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot deploy %s: its container app has no container", a.App.Name)
	}
	first, _ := containers[0].(map[string]any)
	first = maps.Clone(first)
	first["image"] = reference
	delete(first, "command")
	delete(first, "args")
	containers = slices.Clone(containers)
	containers[0] = first
	template["containers"], template["revisionSuffix"] = containers, suffix
	return template, nil
}

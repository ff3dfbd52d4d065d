package azure

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// Target is Azure as a place to deploy to. Its methods may be called from any
// goroutine, but for one app at a time.
type Target struct {
	options Options
	client  *client
	visits  *http.Client // asks apps, as a browser would

	mu     sync.Mutex
	pushed map[string]string // references by registry, app and artifact: release and deploy want the same
}

// New returns the deployer of every hosting of Azure. Nothing is asked before
// the first call. A cloud without a resource manager is CodeInvalid.
func New(options Options) (*Target, error) {
	if options.Transport == nil {
		options.Transport = http.DefaultTransport
	}
	if options.Clock == nil {
		options.Clock = systemClock{}
	}
	if options.DrainTime == 0 {
		options.DrainTime = 10 * time.Second
	}
	client, err := newClient(options)
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot use this cloud of Azure's: %w", err)
	}
	return &Target{options: options, client: client, visits: newVisitor(options.Transport), pushed: map[string]string{}}, nil
}

// The hostings, as Terraform's output "apps" calls them.
const (
	hostingContainerApp = "container-app"
	hostingWebApp       = "web-app"
	hostingFunction     = "function"
)

// hosting is a kind of place that apps are deployed to.
type hosting interface {
	deploy(ctx context.Context, r Request) (release aloft.Release, skipped bool, err error)
	withdraw(ctx context.Context, r Request, reason string) error
	releases(ctx context.Context, r Request) ([]aloft.Release, error)
	restore(ctx context.Context, r Request, release aloft.Release) error
}

// commander is a hosting that can run a command in the network of its apps.
type commander interface {
	checkCommand(r Request) error
	command(ctx context.Context, r Request) error
}

// hosting returns what deploys to the hosting of a request.
func (t *Target) hosting(r Request) (hosting, error) {
	switch r.Output.Hosting {
	case hostingContainerApp:
		return containerApps{t}, nil
	case hostingWebApp:
		return webApps{t}, nil
	case hostingFunction:
		return functions{t}, nil
	}
	return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot deploy %s: there is no deployer for hosting %q on Azure", r.App.Name, r.Output.Hosting).
		WithHint("there is one for container-app, web-app and function; leave output \"apps\" away for an environment of infrastructure only")
}

// Check finds what would make a deployment fail, before anything is changed: a
// hosting that is not known, outputs that do not tell enough, a release command
// where nothing can run it. It asks nobody.
func (t *Target) Check(r Request) error {
	h, err := t.hosting(r)
	if err != nil {
		return err
	}
	kind := map[string]string{hostingContainerApp: containerAppType}[r.Output.Hosting]
	if kind == "" {
		kind = siteType
	}
	if _, err := t.resource(r, kind); err != nil {
		return err
	}
	if r.App.Release.Empty() {
		return nil
	}
	able, ok := h.(commander)
	if !ok {
		return aloft.Errorf(aloft.CodeInvalid, "cannot run the release command of %s%s: hosting %q of Azure's has nothing that runs a command in the network of the app",
			r.App.Name, r.App.Release.Source, r.Output.Hosting).
			WithHint("host it as container-app, or let its start command do it first: \"%s && exec …\", and take `release` out of aloft.yaml", r.App.Release)
	}
	return able.checkCommand(r)
}

// Release runs the release command of an app with the image of its new release,
// inside the network of its environment; its output goes to the log. Without one
// there is nothing to do. A command that fails is CodeFailed; what cannot run one
// is CodeInvalid, before anything is changed.
func (t *Target) Release(ctx context.Context, r Request) error {
	if r.App.Release.Empty() {
		return nil
	}
	if err := t.Check(r); err != nil {
		return err
	}
	h, err := t.hosting(r)
	if err != nil {
		return err
	}
	return explain(h.(commander).command(ctx, r))
}

// Deploy makes an artifact what serves. The new version starts beside the old
// one where the hosting can do that, and gets the traffic when it answers. What
// serves already is left alone, and skipped is true. A release that does not
// answer is CodeFailed: its last lines are in the log, and what served before
// serves on, but for hostings that have only one place. Deploy may be called again
// after any interruption.
func (t *Target) Deploy(ctx context.Context, r Request) (release aloft.Release, skipped bool, err error) {
	if err := t.Check(r); err != nil {
		return aloft.Release{}, false, err
	}
	h, err := t.hosting(r)
	if err != nil {
		return aloft.Release{}, false, err
	}
	release, skipped, err = h.deploy(ctx, r)
	return release, skipped, explain(err)
}

// Withdraw takes an app out that was deployed and has no release to go back to.
func (t *Target) Withdraw(ctx context.Context, r Request, reason string) error {
	h, err := t.hosting(r)
	if err != nil {
		return err
	}
	return explain(h.withdraw(ctx, r, reason))
}

// Releases lists what Azure knows of an app's releases, newest first: the active
// one serves. Their numbers count what is listed, and their artifacts are known
// by digest or id only. Of commits, what the names in Azure have room for is told.
func (t *Target) Releases(ctx context.Context, r Request) ([]aloft.Release, error) {
	h, err := t.hosting(r)
	if err != nil {
		return nil, err
	}
	list, err := h.releases(ctx, r)
	return list, explain(err)
}

// Restore makes a release that Releases has listed serve again. One that is no
// longer there is CodeNotFound.
func (t *Target) Restore(ctx context.Context, r Request, release aloft.Release) error {
	h, err := t.hosting(r)
	if err != nil {
		return err
	}
	return explain(h.restore(ctx, r, release))
}

// releaseOf is the release that a request becomes.
func (r Request) releaseOf(artifact string, number int) aloft.Release {
	made := r.Artifact
	made.ID = artifact
	return aloft.Release{
		EnvironmentKey: r.Key, App: r.App.Name, Number: int64(number), RunID: r.RunID, Revision: r.Revision,
		Artifact: made, Spec: r.App, Status: aloft.ReleaseActive,
	}
}

// unable says that there is nothing to go back to.
func unable(release aloft.Release, why string) error {
	return aloft.Errorf(aloft.CodeNotFound, "cannot go back to commit %s of %s: %s", release.Revision, release.App, why).
		WithHint("push that commit again")
}

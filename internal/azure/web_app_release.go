package azure

import (
	"context"
	"strings"

	"github.com/aloft-dev/aloft"
)

// noArchive is why an archive cannot be brought again.
const noArchive = "App Service keeps no archive of it, and only a tier with a slot has the release before"

// known is the cargo that reads what is there, without making one.
func (h webApps) known(r Request) cargo {
	if isImage(r) {
		return image{}
	}
	return archive{r}
}

func (h webApps) releases(ctx context.Context, r Request) ([]aloft.Release, error) {
	w, err := h.open(ctx, r, h.known(r))
	if err != nil {
		return nil, err
	}
	var list []aloft.Release
	for _, s := range []*site{w.app, w.slot} {
		if s == nil {
			continue
		}
		found, err := w.load.there(ctx, s)
		if err != nil {
			return nil, err
		}
		if found.Artifact != "" {
			list = append(list, r.releaseAt(found, s == w.app && !s.stopped()))
		}
	}
	for i := range list {
		list[i].Number = int64(len(list) - i)
	}
	return list, nil
}

func (r Request) releaseAt(found mark, active bool) aloft.Release {
	release := r.releaseOf(found.Artifact, 1)
	release.RunID, release.Revision, release.Artifact.Dir = found.RunID, found.Revision, ""
	if !active {
		release.Status = aloft.ReleaseRetired
	}
	return release
}

// restore swaps the slot in when it has the release. An image is in the registry
// still, so it can be brought again; an archive is nowhere.
func (h webApps) restore(ctx context.Context, r Request, release aloft.Release) error {
	w, err := h.open(ctx, r, h.known(r))
	if err != nil {
		return err
	}
	now, err := w.load.there(ctx, w.app)
	if err != nil {
		return err
	}
	if now.Artifact == release.Artifact.ID && now.Artifact != "" {
		return w.wakeUp(ctx)
	}
	var staged mark
	if w.slot != nil {
		if staged, err = w.load.there(ctx, w.slot); err != nil {
			return err
		}
	}
	repository := repositoryOf(now.reference, staged.reference)
	switch {
	case isImage(r) && repository != "" && strings.HasPrefix(release.Artifact.ID, "sha256:"):
		w.load = image{reference: repository + "@" + release.Artifact.ID}
	case !isImage(r) && staged.Artifact == release.Artifact.ID && staged.Artifact != "":
		w.load = staging{archive: archive{r}, wanted: staged}
	default:
		return unable(release, noArchive)
	}
	if w.slot == nil {
		return w.replace(ctx)
	}
	return w.stage(ctx)
}

// repositoryOf is where the images of an app are: server and name of the first
// reference that tells a version. That of the placeholder does not.
func repositoryOf(references ...string) string {
	for _, reference := range references {
		if digestOf(reference) != "" {
			repository, _, _ := strings.Cut(reference, "@")
			return repository
		}
	}
	return ""
}

// staging is an archive that is in the slot already.
type staging struct {
	archive
	wanted mark
}

func (s staging) mark() mark { return s.wanted }

func (h webApps) withdraw(ctx context.Context, r Request, reason string) error {
	app, err := h.site(ctx, r, "")
	if err != nil {
		return err
	}
	r.say("%s: stopped (%s)", r.App.Name, reason)
	return app.turn(ctx, "stop")
}

// verified stops the slot: the release before would go on holding connections
// and running its timers. To go back it is started again.
func (h webApps) verified(ctx context.Context, r Request) error {
	w, err := h.open(ctx, r, h.known(r))
	if err != nil || w.slot == nil || w.slot.stopped() {
		return err
	}
	return w.slot.turn(ctx, "stop")
}

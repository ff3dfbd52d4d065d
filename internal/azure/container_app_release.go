package azure

import (
	"context"
	"net/http"

	"github.com/aloft-dev/aloft"
)

// known are the newest revisions of each image of ours, newest first: Terraform
// makes further ones of the same image, and the placeholder has no digest.
func (a *containerApp) known(all revisions) revisions {
	serving := a.serving()
	at := map[string]int{}
	var list revisions
	for _, r := range all {
		digest := digestOf(r.image())
		if digest == "" {
			continue
		}
		i, seen := at[digest]
		switch {
		case !seen:
			at[digest] = len(list)
			list = append(list, r)
		case r.Name == serving:
			list[i] = r
		}
	}
	return list
}

func (h containerApps) releases(ctx context.Context, r Request) ([]aloft.Release, error) {
	a, all, err := h.openWithRevisions(ctx, r)
	if err != nil {
		return nil, err
	}
	known := a.known(all)
	list := make([]aloft.Release, len(known))
	for i, found := range known {
		list[i] = a.releaseOf(found, len(known)-i)
	}
	return list, nil
}

// releaseOf is the release that a revision is. One that failed and was
// deactivated looks like any that rests: Restore asks it first.
func (a *containerApp) releaseOf(found revision, number int) aloft.Release {
	release := a.Request.releaseOf(digestOf(found.image()), number)
	release.RunID, release.Revision = parseSuffix(found.Name)
	release.Artifact.Dir, release.CreatedAt, release.Status = "", found.Properties.Created, aloft.ReleaseRetired
	switch {
	case found.Name == a.serving():
		release.Status = aloft.ReleaseActive
	case found.verdict() == verdictFailed:
		release.Status, release.Reason = aloft.ReleaseFailed, plain(found.Properties.Error)
	}
	return release
}

func (h containerApps) restore(ctx context.Context, r Request, release aloft.Release) error {
	a, all, err := h.openWithRevisions(ctx, r)
	if err != nil {
		return err
	}
	for _, found := range a.known(all) {
		if digestOf(found.image()) == release.Artifact.ID && release.Artifact.ID != "" {
			return a.goBack(ctx, all, found)
		}
	}
	return unable(release, "Azure no longer has a revision of its image")
}

// goBack gives the traffic to a revision that had it once. When it does not
// answer, what serves goes on.
func (a *containerApp) goBack(ctx context.Context, all revisions, to revision) error {
	old, _ := all.named(a.serving())
	if old.Name != to.Name {
		if err := a.pin(ctx, old.Name); err != nil {
			return err
		}
		if err := a.wake(ctx, to); err != nil {
			return a.failed(ctx, to.Name, old, err)
		}
		if err := a.swap(ctx, to.Name); err != nil {
			return err
		}
	}
	a.retire(ctx, all, to.Name)
	return nil
}

// wake activates a revision and waits until it answers.
func (a *containerApp) wake(ctx context.Context, r revision) error {
	if !r.Properties.Active {
		x := a.at("/revisions/"+r.Name+"/activate", "activate revision "+r.Name)
		x.method = http.MethodPost
		begun, err := a.client.change(ctx, x, a.say)
		if err != nil {
			return err
		}
		if err := begun.wait(ctx); err != nil {
			return err
		}
	}
	return a.await(ctx, r.Name, a.settled())
}

// withdraw lets the placeholder answer that Terraform has made; when Azure no
// longer has it, nothing answers.
func (h containerApps) withdraw(ctx context.Context, r Request, reason string) error {
	a, all, err := h.openWithRevisions(ctx, r)
	if err != nil {
		return err
	}
	for _, found := range all {
		if digestOf(found.image()) == "" && found.verdict() != verdictFailed {
			r.say("%s: the placeholder answers again (%s)", r.App.Name, reason)
			return a.goBack(ctx, all, found)
		}
	}
	a.tidy(ctx, all)
	r.say("%s: nothing of it answers any more (%s)", r.App.Name, reason)
	return nil
}

package azure

import (
	"context"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// functions deploys archives to function apps. They have no slots here: what runs
// is stopped for the new version, and nothing is left to go back to.
type functions struct{ *Target }

const (
	flexPause   = time.Second // slower, and the end is missed: its worker is recycled
	flexMissing = 30          // looks at a deployment that is not found
	hostTime    = 2 * time.Minute
)

func (h functions) open(ctx context.Context, r Request) (*site, error) {
	s, err := h.site(ctx, r, "")
	if err != nil {
		return nil, err
	}
	if isImage(r) {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot deploy %s: functions are deployed as archives", r.App.Name)
	}
	tier, err := s.tier(ctx)
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(tier, "Dynamic") {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot deploy %s: the tier consumption is not deployed to", r.App.Name).
			WithHint("choose the tier flex, which costs nothing at rest too; Azure ends consumption on Linux on 30 September 2028")
	}
	return s, nil
}

func (s *site) flex() bool { return strings.EqualFold(s.state.Properties.Sku, "FlexConsumption") }

func (h functions) deploy(ctx context.Context, r Request) (aloft.Release, bool, error) {
	s, err := h.open(ctx, r)
	if err != nil {
		return aloft.Release{}, false, err
	}
	load := archive{r}
	now, err := load.there(ctx, s)
	if err != nil {
		return aloft.Release{}, false, err
	}
	release := r.releaseOf(load.mark().Artifact, 1)
	if now.Artifact == release.Artifact.ID && now.Artifact != "" && !s.stopped() {
		return release, true, nil
	}
	r.say("%s stops for the new version: functions have one place only", r.App.Name)
	if s.flex() {
		err = load.bringFlex(ctx, s)
	} else {
		err = load.bring(ctx, s)
	}
	if err == nil {
		err = s.awaitHost(ctx)
	}
	return release, false, err
}

func (h functions) withdraw(ctx context.Context, r Request, reason string) error {
	return webApps(h).withdraw(ctx, r, reason)
}

func (h functions) releases(ctx context.Context, r Request) ([]aloft.Release, error) {
	s, err := h.open(ctx, r)
	if err != nil {
		return nil, err
	}
	found, err := archive{r}.there(ctx, s)
	if err != nil || found.Artifact == "" {
		return nil, err
	}
	return []aloft.Release{r.releaseAt(found, !s.stopped())}, nil
}

func (h functions) restore(ctx context.Context, r Request, release aloft.Release) error {
	list, err := h.releases(ctx, r)
	if err != nil {
		return err
	}
	for _, found := range list {
		if found.Artifact.ID == release.Artifact.ID && found.Status == aloft.ReleaseActive {
			return nil
		}
	}
	return unable(release, "Azure keeps one package of a function only")
}

package run

import (
	"context"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// withdrawUnnamed takes out the apps that run on the local target and that Terraform's
// output does not hand to it any more: nobody asks for them, and no push would ever
// change them again.
func (p *Pipeline) withdrawUnnamed(ctx context.Context, j journey, outputs map[string]aloft.AppOutput) error {
	if p.Local == nil {
		return nil
	}
	releases, err := p.releases(ctx, j.run.EnvironmentKey)
	releases = slices.DeleteFunc(releases, func(release aloft.Release) bool {
		return release.Status != aloft.ReleaseActive || outputs[release.App].Hosting == "local"
	})
	if err != nil || len(releases) == 0 {
		return err
	}
	_, err = take(ctx, j.recorder, "withdraw", func(ctx context.Context, s *step) (struct{}, error) {
		var names []string
		for _, release := range releases {
			request := DeployRequest{Key: j.run.EnvironmentKey, RunID: j.run.ID, App: aloft.App{Name: release.App}}
			if err := p.Local.Withdraw(ctx, request, aloft.ReleaseRetired, "Terraform's output \"apps\" does not name it any more"); err != nil {
				return struct{}{}, err
			}
			names = append(names, release.App)
		}
		s.say(strings.Join(names, ", ") + ": taken out, for Terraform's output \"apps\" does not name it any more")
		return struct{}{}, nil
	})
	return err
}

package azure

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"github.com/aloft-dev/aloft"
)

// bringFlex uploads to the service of the flex tier: another API of the same
// name, whose answer is the id of the deployment.
func (a archive) bringFlex(ctx context.Context, s *site) error {
	file, err := a.prepare(ctx, s)
	if err != nil {
		return err
	}
	defer discard(file)
	scm, err := s.scm()
	if err != nil {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	query := url.Values{"RemoteBuild": {"false"}, "Deployer": {a.mark().String()}}
	x := call{doing: "upload the archive of " + s.App.Name, method: http.MethodPost, url: scm + "/api/publish?" + query.Encode(),
		file: streaming.NopCloser(file), kind: "application/zip", once: true}
	for end := s.options.Clock.Now().Add(deploymentTime); ; {
		var id string
		_, err := s.client.send(ctx, x, &id)
		if err == nil {
			err = s.awaitFlex(ctx, scm, strings.Trim(strings.TrimSpace(id), `"`))
		}
		if !isConflict(err) || !s.options.Clock.Now().Before(end) {
			return err
		}
		s.say("another deployment of %s is at work: waiting", s.label)
		if err := s.options.Clock.Sleep(ctx, pullPause); err != nil {
			return err
		}
	}
}

// conflict is a deployment that met another one.
type conflict struct{ error }

func (c conflict) Unwrap() error { return c.error }

func isConflict(err error) bool {
	_, met := err.(conflict)
	return met || hasStatus(err, http.StatusConflict)
}

// awaitFlex follows a deployment. It is not found at first, and again at the end:
// then the last status that was seen counts.
func (s *site) awaitFlex(ctx context.Context, scm, id string) error {
	x := call{doing: "follow the deployment of " + s.label, url: scm + "/api/deployments/" + url.PathEscape(id), once: true}
	var last deployment
	missing, end := 0, s.options.Clock.Now().Add(deploymentTime)
	for {
		var now deployment
		_, err := s.client.send(ctx, x, &now)
		switch {
		case err == nil:
			last, missing = now, 0
			if now.Status == deploymentConflict {
				return conflict{s.judge(now)}
			}
			if now.ended() {
				return s.judge(now)
			}
		case hasStatus(err, http.StatusNotFound) || isLost(err):
			if missing++; missing >= flexMissing {
				return s.vanished(last)
			}
		default:
			return err
		}
		if !s.options.Clock.Now().Before(end) {
			return aloft.Errorf(aloft.CodeFailed, "the deployment of %s has not ended within %s", s.label, deploymentTime)
		}
		if err := s.options.Clock.Sleep(ctx, flexPause); err != nil {
			return err
		}
	}
}

// vanished judges a deployment that is no longer found.
func (s *site) vanished(last deployment) error {
	if last.ID == "" && last.Status == deploymentPending {
		return aloft.Errorf(aloft.CodeFailed, "the deployment of %s was accepted, but Azure never showed it", s.label).
			WithHint("push again; if that lasts, its deployment service is down although the app serves: tell Azure's support")
	}
	return nil // the host tells
}

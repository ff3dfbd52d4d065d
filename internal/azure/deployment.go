package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"github.com/aloft-dev/aloft"
)

// How deployments of archives are followed.
const (
	deploymentTime = 30 * time.Minute // for one
	silentTime     = 5 * time.Minute  // without a change of its status: it may stay so for ever
	missingTime    = time.Minute      // that its status may be not found
	mostUploads    = 3                // when builds fail without a reason
)

// deployment is what the deployment service, Kudu, says of one.
type deployment struct {
	ID       string `json:"id"`
	Status   int    `json:"status"`
	Complete bool   `json:"complete"`
	Text     string `json:"status_text"`
	Message  string `json:"message"`
	Deployer string `json:"deployer"`
}

// The numbers of a deployment's status. Further ones of an end: -1 canceled, 3
// failed, 5 conflict, 6 partial success.
const (
	deploymentPending   = 0
	deploymentBuilding  = 1
	deploymentDeploying = 2
	deploymentSucceeded = 4
	deploymentConflict  = 5
)

func (d deployment) ended() bool {
	return d.Complete || !slices.Contains([]int{deploymentPending, deploymentBuilding, deploymentDeploying}, d.Status)
}

// latest reads the newest deployment; a zero one when there was none.
func (s *site) latest(ctx context.Context) (deployment, error) {
	scm, err := s.scm()
	if err != nil {
		return deployment{}, err
	}
	var d deployment
	_, err = s.client.send(ctx, call{doing: "read the newest deployment of " + s.label, url: scm + "/api/deployments/latest"}, &d)
	if hasStatus(err, http.StatusNotFound) {
		return deployment{}, nil
	}
	return d, err
}

// there reads the mark of what was deployed last, if it was deployed well. It
// moves with the files in a swap (not proven).
func (a archive) there(ctx context.Context, s *site) (mark, error) {
	if err := s.ready(ctx); err != nil && !(s.stopped() && hasStatus(err, http.StatusForbidden)) {
		return mark{}, err
	}
	d, err := s.latest(ctx)
	if s.stopped() && hasStatus(err, http.StatusForbidden) {
		return mark{}, nil // its service may be stopped with it (not proven)
	}
	if err != nil || d.Status != deploymentSucceeded {
		return mark{}, err
	}
	for _, text := range []string{d.Message, d.Deployer} {
		if m, ok := parseMark(text); ok {
			return m, nil
		}
	}
	return mark{}, nil
}

// prepare starts a site that is stopped, and packs the archive. The caller discards
// the file.
func (a archive) prepare(ctx context.Context, s *site) (*os.File, error) {
	if s.stopped() {
		if err := s.turn(ctx, "start"); err != nil {
			return nil, err
		}
	}
	return a.pack()
}

// bring uploads the archive and follows it until the app was started with it, as
// far as Azure tells.
func (a archive) bring(ctx context.Context, s *site) error {
	file, err := a.prepare(ctx, s)
	if err != nil {
		return err
	}
	defer discard(file)
	for upload := 1; ; upload++ {
		if err := s.ready(ctx); err != nil {
			return err
		}
		id, err := a.upload(ctx, s, file)
		if err != nil {
			return err
		}
		ended := s.Timing.Begin("start", "the deployment")
		proven, err := s.await(ctx, id, a.mark().String())
		if err == nil && !proven {
			err = s.restart(ctx)
		}
		ended(err)
		if !errors.Is(err, errNoReason) || upload == mostUploads {
			return err
		}
		// The service was restarted under the build, by a setting of the apply before.
		s.say("the build ended without a reason, as it does after a change of settings: uploading again")
		if err := s.options.Clock.Sleep(ctx, time.Duration(upload)*usualPause); err != nil {
			return err
		}
	}
}

// restart makes sure that what answers afterwards is the new version, where Azure
// does not tell that it was started. A function's host tells it itself.
func (s *site) restart(ctx context.Context) error {
	if s.Output.Hosting != hostingWebApp {
		return nil
	}
	if err := s.turn(ctx, "stop"); err != nil {
		return err
	}
	return s.turn(ctx, "start")
}

// upload sends the archive; id is "" when its deployment is not tracked. While
// another deployment runs it waits: that of a job that was stopped goes on.
func (a archive) upload(ctx context.Context, s *site, file io.ReadSeeker) (id string, err error) {
	scm, err := s.scm()
	if err != nil {
		return "", err
	}
	ended := s.Timing.Begin("upload", s.label)
	defer func() { ended(err) }()
	query := url.Values{"isAsync": {"true"}, "deployer": {"aloft"}, "message": {a.mark().String()}}
	if s.Output.Hosting == hostingWebApp {
		query.Set("trackDeploymentProgress", "true") // there is none for functions
	}
	x := call{
		doing: "upload the archive of " + s.App.Name, method: http.MethodPost, url: scm + "/api/zipdeploy?" + query.Encode(),
		file: streaming.NopCloser(file), kind: "application/octet-stream", header: s.affinity(ctx), once: true,
	}
	end := s.options.Clock.Now().Add(deploymentTime)
	for losses := 0; ; {
		response, err := s.client.send(ctx, x, nil)
		switch {
		case err == nil:
			return response.Header.Get("SCM-DEPLOYMENT-ID"), nil
		case isLost(err):
			if losses++; losses == mostUploads {
				return "", s.unreached(err)
			}
			// What was heard is followed, not sent again.
			if d, readError := s.latest(ctx); readError == nil && d.Message == a.mark().String() {
				return "", nil
			}
		case !hasStatus(err, http.StatusConflict) || isFixed(err) || !s.options.Clock.Now().Before(end):
			return "", err
		default:
			s.say("another deployment of %s is at work: waiting", s.label)
			if err := s.awaitLatest(ctx, ""); err != nil && aloft.ErrorCode(canceled(err)) == aloft.CodeCanceled {
				return "", err
			}
		}
		if err := s.options.Clock.Sleep(ctx, usualPause); err != nil {
			return "", err
		}
	}
}

// isFixed reports a conflict that waiting does not end: the site runs from a URL.
func isFixed(err error) bool {
	f, ok := errors.AsType[*failure](err)
	text := ""
	if ok {
		text = strings.ToLower(f.message + f.code)
	}
	return strings.Contains(text, "run-from-zip") || strings.Contains(text, "run_from_zip") ||
		strings.Contains(text, "run_from_package") || strings.Contains(text, "runfromremotezip")
}

// affinity names one machine of several, so that one of them does all.
func (s *site) affinity(ctx context.Context) map[string]string {
	var list struct {
		Value []struct {
			Name string `json:"name"`
		} `json:"value"`
	}
	if _, err := s.client.send(ctx, s.at("/instances", "list the machines of "+s.label), &list); err != nil || len(list.Value) == 0 {
		return nil // it is a help only
	}
	slices.SortFunc(list.Value, func(x, y struct {
		Name string `json:"name"`
	}) int {
		return cmp.Compare(x.Name, y.Name)
	})
	first := list.Value[0].Name
	return map[string]string{"Cookie": fmt.Sprintf("ARRAffinity=%s; ARRAffinitySameSite=%s", first, first)}
}

// awaitLatest waits until the newest deployment has ended, with this message; "" =
// however, and any. The one before may still be told as the newest.
func (s *site) awaitLatest(ctx context.Context, message string) error {
	began := s.options.Clock.Now()
	for {
		d, err := s.latest(ctx)
		if err != nil && !isLost(err) {
			return err
		}
		ours := err == nil && (message == "" || d.Message == message)
		if ours && d.ended() {
			return s.judge(d)
		}
		took := s.options.Clock.Now().Sub(began)
		if err == nil && !ours && took >= missingTime {
			return aloft.Errorf(aloft.CodeFailed, "the archive of %s was accepted, but its deployment does not show", s.label).
				WithHint("push again")
		}
		if took >= deploymentTime {
			return aloft.Errorf(aloft.CodeFailed, "the deployment of %s has not ended within %s", s.label, deploymentTime)
		}
		if err := s.options.Clock.Sleep(ctx, usualPause); err != nil {
			return err
		}
	}
}

// judge turns a deployment that has ended into an error, if it is one.
func (s *site) judge(d deployment) error {
	if d.Status == deploymentSucceeded {
		return nil
	}
	words := map[int]string{-1: "was canceled", 3: "failed", deploymentConflict: "met another one", 6: "succeeded in parts only"}
	said := cmp.Or(words[d.Status], fmt.Sprintf("ended with status %d", d.Status))
	if d.Text != "" {
		said += ": " + plain(d.Text)
	}
	return aloft.Errorf(aloft.CodeFailed, "the deployment of %s %s", s.label, said).
		WithHint("its log is at the deployment service, under /api/deployments/%s/log", d.ID)
}

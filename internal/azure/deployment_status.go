package azure

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/aloft-dev/aloft"
)

// errNoReason is a build that failed and tells nothing of it.
var errNoReason = errors.New("the build failed without a log")

// deploymentStatus is what the resource manager says of a deployment to a web app
// on Linux. It is read with plain requests, whose status is 200 or 202 at will.
type deploymentStatus struct {
	Properties struct {
		Status     string      `json:"status"`
		InProgress int         `json:"numberOfInstancesInProgress"`
		Successful int         `json:"numberOfInstancesSuccessful"`
		Failed     int         `json:"numberOfInstancesFailed"`
		Logs       []string    `json:"failedInstancesLogs"`
		Errors     []errorBody `json:"errors"`
	} `json:"properties"`
}

// verdict judges the status. Words that are not known mean that it goes on.
func (d deploymentStatus) verdict() (done, failed bool) {
	switch d.Properties.Status {
	case "RuntimeSuccessful":
		return true, false
	case "BuildFailed", "BuildAborted", "RuntimeFailed", "TimedOut":
		return true, true
	}
	return false, false
}

// await follows a deployment until the app was started with it: then it is
// proven. The status may be not found at first and may stand still for ever: then
// the files are in place, and the app itself has to be asked.
func (s *site) await(ctx context.Context, id, message string) (proven bool, err error) {
	if id == "" {
		return false, s.awaitLatest(ctx, message)
	}
	x := s.at("/deploymentStatus/"+url.PathEscape(id), "follow the deployment of "+s.label)
	began := s.options.Clock.Now()
	last, changed := deploymentStatus{}, began
	for {
		var now deploymentStatus
		_, err := s.client.send(ctx, x, &now)
		at := s.options.Clock.Now()
		switch {
		case hasStatus(err, http.StatusNotFound) && last.Properties.Status == "":
			if at.Sub(began) >= missingTime {
				return false, s.awaitLatest(ctx, message)
			}
		case hasStatus(err, http.StatusNotFound):
		case err != nil && !isLost(err):
			return false, err
		case err != nil: // it goes on, whether it can be seen or not
		default:
			if done, failed := now.verdict(); done && !failed {
				return true, nil
			} else if failed {
				return false, s.buildFailed(now)
			}
			if !now.equals(last) {
				last, changed = now, at
				s.say("%s: %s", s.label, statusWords(now.Properties.Status))
			}
		}
		if stalled := at.Sub(changed) >= silentTime; stalled || at.Sub(began) >= deploymentTime {
			s.say("Azure tells nothing new of the deployment for %s: asking the app itself", aloft.Seconds(silentTime))
			return false, nil
		}
		if err := s.options.Clock.Sleep(ctx, usualPause); err != nil {
			return false, err
		}
	}
}

func (d deploymentStatus) equals(other deploymentStatus) bool {
	x, y := d.Properties, other.Properties
	return x.Status == y.Status && x.InProgress == y.InProgress && x.Successful == y.Successful && x.Failed == y.Failed
}

// statusWords are the states as people say them.
func statusWords(status string) string {
	words := map[string]string{
		"BuildRequestReceived": "received", "BuildPending": "waiting to be unpacked", "BuildInProgress": "being unpacked",
		"BuildSuccessful": "unpacked", "PostBuildRestartRequired": "restarting", "RuntimeStarting": "starting",
	}
	return cmp.Or(words[status], status)
}

// buildFailed tells why a deployment failed, with Azure's words.
func (s *site) buildFailed(d deploymentStatus) error {
	p := d.Properties
	if p.Status == "BuildFailed" && len(p.Logs) == 0 && !slices.ContainsFunc(p.Errors, func(e errorBody) bool { return e.Message != "" }) {
		return aloft.Errorf(aloft.CodeFailed, "the deployment of %s failed: %w", s.label, errNoReason).
			WithHint("its log is at the deployment service of the app, under /api/deployments/latest/log")
	}
	said := p.Status
	for _, e := range p.Errors {
		if e.Message != "" {
			said += ": " + plain(e.Message)
		}
	}
	for _, log := range p.Logs {
		s.say("the log of an instance that failed: %s", plain(log))
	}
	return aloft.Errorf(aloft.CodeFailed, "%s does not start: %s (%d of its instances failed)", s.label, said, p.Failed).
		WithHint("it must listen on 0.0.0.0 at the port in the variable PORT; its last lines are above")
}

package azure

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

const (
	siteType    = "Microsoft.Web/sites"
	siteVersion = "2023-12-01" // of the API
	scmTime     = 90 * time.Second
)

// site is a web app or a function, or one slot of it.
type site struct {
	*Target
	Request
	id    string
	label string // "web", "web's slot staging"
	state siteState
}

type siteState struct {
	Properties struct {
		State string `json:"state"` // Running, Stopped
		Host  string `json:"defaultHostName"`
		Hosts []struct {
			Name string `json:"name"`
			Type string `json:"hostType"`
		} `json:"hostNameSslStates"`
		Sku  string `json:"sku"`
		Plan string `json:"serverFarmId"`
	} `json:"properties"`
}

func (t *Target) site(ctx context.Context, r Request, slot string) (*site, error) {
	id, err := t.resource(r, siteType)
	if err != nil {
		return nil, err
	}
	s := &site{Target: t, Request: r, id: id, label: r.App.Name}
	if slot != "" {
		s.id, s.label = id+"/slots/"+url.PathEscape(slot), r.App.Name+"'s slot "+slot
	}
	return s, s.read(ctx)
}

func (s *site) read(ctx context.Context) error {
	s.state = siteState{}
	return s.client.readSoon(ctx, s.at("", "read "+s.label), &s.state)
}

func (s *site) at(below, doing string) call {
	return call{doing: doing, url: s.id + below, version: siteVersion}
}

// tier is that of the plan; Azure does not tell it with every site.
func (s *site) tier(ctx context.Context) (string, error) {
	if s.state.Properties.Sku != "" || s.state.Properties.Plan == "" {
		return s.state.Properties.Sku, nil
	}
	var plan struct {
		Sku struct {
			Tier string `json:"tier"`
		} `json:"sku"`
	}
	_, err := s.client.send(ctx, call{doing: "read the plan of " + s.label, url: s.state.Properties.Plan, version: siteVersion}, &plan)
	s.state.Properties.Sku = plan.Sku.Tier
	return plan.Sku.Tier, err
}

func (s *site) stopped() bool { return strings.EqualFold(s.state.Properties.State, "Stopped") }

// scm is the URL of the deployment service. Its name is told, never composed.
func (s *site) scm() (string, error) {
	for _, host := range s.state.Properties.Hosts {
		if strings.EqualFold(host.Type, "Repository") && host.Name != "" {
			return "https://" + host.Name, nil
		}
	}
	return "", aloft.Errorf(aloft.CodeFailed, "cannot deploy %s: Azure tells no host of its deployment service", s.label)
}

// turn starts or stops the site: "start", "stop".
func (s *site) turn(ctx context.Context, verb string) error {
	x := s.at("/"+verb, verb+" "+s.label)
	x.method = http.MethodPost
	begun, err := s.client.change(ctx, x, s.say)
	if err != nil {
		return err
	}
	if err := begun.wait(ctx); err != nil {
		return err
	}
	return s.read(ctx)
}

// ready waits until the deployment service answers: a new site's needs a while,
// and it starts again after every change of a setting.
func (s *site) ready(ctx context.Context) error {
	scm, err := s.scm()
	if err != nil {
		return err
	}
	end := s.options.Clock.Now().Add(scmTime)
	for {
		response, err := s.client.send(ctx, call{doing: "reach the deployment service of " + s.label, url: scm + "/api/deployments", once: true}, nil)
		if !isLost(err) {
			return err
		}
		if !s.options.Clock.Now().Before(end) {
			return s.unreached(err)
		}
		if err := s.options.Clock.Sleep(ctx, pauseOf(response)); err != nil {
			return err
		}
	}
}

func (s *site) unreached(err error) error {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	return aloft.Errorf(aloft.CodeUnavailable, "%w", f).
		WithHint("the app itself may serve well: its deployment service is Azure's; try again, and if that lasts, tell Azure's support the request")
}

// awaitHealthy asks the site at its own host until it answers as a healthy app
// does.
func (s *site) awaitHealthy(ctx context.Context) error {
	base := "https://" + s.state.Properties.Host
	ended := s.Timing.Begin("wait", base+s.question())
	began := s.options.Clock.Now()
	for last := 0; ; {
		status, _ := s.Target.ask(ctx, s.Request, base)
		took := s.options.Clock.Now().Sub(began)
		if s.healthy(status) {
			s.say("%s answers GET %s after %s", s.label, s.question(), aloft.Seconds(took))
			ended(nil)
			return nil
		}
		if last = max(status, last); took >= s.patience() {
			err := s.unanswered(last)
			ended(err)
			return err
		}
		if err := s.options.Clock.Sleep(ctx, usualPause); err != nil {
			ended(err)
			return err
		}
	}
}

func (s *site) unanswered(status int) error {
	if status != 0 {
		return aloft.Errorf(aloft.CodeFailed, "%s is not healthy: it answers GET %s with status %d, for %s", s.label, s.question(), status, s.patience()).
			WithHint("%s", s.healthHint())
	}
	return aloft.Errorf(aloft.CodeFailed, "%s does not start: it did not answer GET %s within %s", s.label, s.question(), s.patience()).
		WithHint("it must listen on 0.0.0.0 at the port in the variable PORT; if it needs longer, set apps.%s.health.timeout in aloft.yaml", s.App.Name)
}

// showLastLines writes the end of what the containers of the site said.
func (s *site) showLastLines(ctx context.Context) {
	var text bytes.Buffer
	if err := s.lastLines(ctx, lastLines, &text); err != nil {
		s.say("the last lines of %s cannot be had: %s", s.label, err)
		return
	}
	s.say("the last lines of %s:", s.label)
	_ = copyLines(prefixed{s.Request}, &text)
}

// lastLines reads the end of what the containers of the site said.
func (s *site) lastLines(ctx context.Context, most int, w io.Writer) error {
	var text string
	x := s.at("/containerlogs", "read the log of "+s.label)
	x.method = http.MethodPost
	if _, err := s.client.send(ctx, x, &text); err != nil {
		return err
	}
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	_, err := io.WriteString(w, strings.Join(lines[max(0, len(lines)-most):], "\n")+"\n")
	return err
}

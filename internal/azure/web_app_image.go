package azure

import (
	"context"
	"net/http"
	"strings"
)

// image is an image as the cargo of a web app.
type image struct{ reference string }

func (i image) mark() mark { return mark{Artifact: digestOf(i.reference), reference: i.reference} }

// there reads which image a site is made of.
func (i image) there(ctx context.Context, s *site) (mark, error) {
	var config struct {
		Properties struct {
			Stack string `json:"linuxFxVersion"` // "DOCKER|server/name@sha256:…"
		} `json:"properties"`
	}
	if err := s.client.readSoon(ctx, s.at("/config/web", "read the image of "+s.label), &config); err != nil {
		return mark{}, err
	}
	_, reference, _ := strings.Cut(config.Properties.Stack, "|")
	return mark{Artifact: digestOf(reference), reference: reference}, nil
}

// bring sets the image. The site is stopped for it: while it restarts, the old
// container may go on answering, and there is no status of a deployment of an
// image. So what answers afterwards is the new one. Only this property is sent:
// azd sent the whole site once, and took unrelated settings away.
func (i image) bring(ctx context.Context, s *site) error {
	if !s.stopped() {
		if err := s.turn(ctx, "stop"); err != nil {
			return err
		}
	}
	x := s.at("/config/web", "set the image of "+s.label)
	x.method = http.MethodPatch
	x.body = map[string]any{"properties": map[string]any{"linuxFxVersion": "DOCKER|" + i.reference}}
	begun, err := s.client.change(ctx, x, s.say)
	if err != nil {
		return err
	}
	if err := begun.wait(ctx); err != nil {
		return err
	}
	return s.turn(ctx, "start")
}

package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/web"
)

// sketcher is the generator for the page on which a project is chosen. Anybody
// may ask for it, so it waits its turn with those who ask for archives.
type sketcher struct {
	generator
	turn func(context.Context) (end func(), err error)
}

// Sketch sketches when it is its turn.
func (s sketcher) Sketch(ctx context.Context, form url.Values) (web.Sketch, error) {
	end, err := s.turn(ctx)
	if err != nil {
		return web.Sketch{}, aloft.Errorf(aloft.CodeUnavailable, "nobody waits for the page any more: %w", err)
	}
	defer end()
	return s.sketch(form)
}

func (g generator) sketch(form url.Values) (web.Sketch, error) {
	d := blueprint.DraftOf(form)
	c := d.Choices
	s := web.Sketch{
		Name: c.Name, At: d.App, Was: d.Was(), Fields: sketchedFields(c, d.App),
		Changed: sentences(c, d.Changed), Problems: sentences(c, d.Problems),
	}
	for _, a := range c.Apps {
		app := web.SketchedApp{Name: a.Name, Path: a.Path, Health: a.Health, Start: a.Start, Text: a.String()}
		if a.Port != 0 {
			app.Port = fmt.Sprint(a.Port)
		}
		s.Apps = append(s.Apps, app)
	}
	s.App = s.Apps[d.App]
	if len(d.Problems) > 0 {
		return s, nil
	}
	s.Command, s.Query, s.Notices = c.InitCommand(), archiveQuery(c), c.Notices()
	files, err := g.Render(c)
	for _, f := range files {
		s.Files = append(s.Files, web.SketchedFile(f))
	}
	return s, err
}

// archiveQuery is the query of choices whose name stands in the path.
func archiveQuery(c blueprint.Choices) string {
	query := c.Query()
	query.Del("name")
	return query.Encode()
}

// sketchedFields are the fields of the project and of one app, whose names lose
// its place.
func sketchedFields(c blueprint.Choices, app int) []web.Field {
	var list []web.Field
	own := fmt.Sprintf("apps[%d].", app)
	for _, f := range c.Fields() {
		name, ofApp := strings.CutPrefix(f.Name, own)
		if !ofApp && strings.HasPrefix(name, "apps[") {
			continue
		}
		field := web.Field{Name: name, Parameter: f.Parameter, Value: f.Value}
		for _, o := range f.Options {
			field.Options = append(field.Options, web.Option{Value: o.Value, Title: o.Title, Detail: o.Detail, Cost: string(o.Cost), Reason: o.Reason})
		}
		list = append(list, field)
	}
	return list
}

// sentences are violations for people who do not write JSON.
func sentences(c blueprint.Choices, found blueprint.Violations) []string {
	var list []string
	for _, v := range found {
		field := v.Field
		for i, a := range c.Apps {
			if name, ok := strings.CutPrefix(field, fmt.Sprintf("apps[%d].", i)); ok {
				if field = name; len(c.Apps) > 1 {
					field = a.Name + ": " + name
				}
				break
			}
		}
		list = append(list, fmt.Sprintf("%s %q %s", field, v.Value, v.Rule))
	}
	return list
}

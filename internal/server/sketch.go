package server

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
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
		Name: c.Name, At: d.App, Was: d.Was(), UsualNetwork: d.UsualNetwork(), Fields: sketchedFields(d),
		Changed: sketchedProblems(c, d.App, d.Changed), Problems: sketchedProblems(c, d.App, d.Problems),
	}
	s.Inputs = sketchedInputs(c, d.App, s.Problems)
	for _, a := range c.Apps {
		s.Apps = append(s.Apps, web.SketchedApp{Name: a.Name, Text: a.String()})
	}
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

// sketchedName is what the page calls a field: that of the edited app loses its
// place, one of an add-on has its kind. app is the name of another app that the
// field is of.
func sketchedName(c blueprint.Choices, edited int, field string) (name, app string) {
	var i int
	if n, _ := fmt.Sscanf(field, "addOns[%d]", &i); n == 1 && i < len(c.AddOns) {
		return "addOns." + c.AddOns[i].Kind, ""
	}
	if n, _ := fmt.Sscanf(field, "apps[%d].", &i); n != 1 || i >= len(c.Apps) {
		return field, ""
	}
	_, name, _ = strings.Cut(field, ".")
	if name == "name" {
		name = web.AppName
	}
	if i == edited {
		return name, ""
	}
	return name, c.Apps[i].Name
}

// sketchedFields are the fields of the project and of one app.
func sketchedFields(d blueprint.Draft) []web.Field {
	var list []web.Field
	for _, f := range d.Fields() {
		name, other := sketchedName(d.Choices, d.App, f.Name)
		if other != "" {
			continue
		}
		field := web.Field{Name: name, Parameter: f.Parameter, Value: f.Value}
		if kind, ok := strings.CutPrefix(name, "addOns."); ok {
			addOns := blueprint.AddOns()
			field.Detail = addOns[slices.IndexFunc(addOns, func(o blueprint.Option) bool { return o.Value == kind })].Detail
		}
		for _, o := range f.Options {
			field.Options = append(field.Options, web.Option{Value: o.Value, Title: o.Title, Detail: o.Detail, Cost: string(o.Cost), Reason: o.Reason})
		}
		list = append(list, field)
	}
	return list
}

// sketchedInputs are the fields of free text. What cannot even be read stays as
// it was written.
func sketchedInputs(c blueprint.Choices, edited int, problems []web.Problem) []web.Input {
	a, closed := c.Apps[edited], c.Closed(edited)
	port := ""
	if a.Port != 0 {
		port = fmt.Sprint(a.Port)
	}
	list := []web.Input{
		{Name: "name", Parameter: "name", Value: c.Name}, {Name: web.AppName, Parameter: "app-name", Value: a.Name},
		{Name: "path", Value: a.Path}, {Name: "port", Value: port}, {Name: "health", Value: a.Health},
		{Name: "build", Value: a.Build}, {Name: "command", Value: a.Command}, {Name: "static", Value: a.Static}, {Name: "start", Value: a.Start},
	}
	for i, input := range list {
		list[i].Parameter, list[i].Reason = cmp.Or(input.Parameter, input.Name), closed[input.Name]
		for _, p := range problems {
			if p.Field == input.Name && p.App == "" {
				list[i].Value = p.Value
			}
		}
	}
	return list
}

// sketchedProblems are violations for people who do not write JSON.
func sketchedProblems(c blueprint.Choices, edited int, found blueprint.Violations) []web.Problem {
	var list []web.Problem
	for _, v := range found {
		name, app := sketchedName(c, edited, v.Field)
		list = append(list, web.Problem{Field: name, App: app, Value: v.Value, Rule: v.Rule, Allowed: v.Allowed})
	}
	return list
}

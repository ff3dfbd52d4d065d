package server

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/blueprint"
	"github.com/aloft-dev/aloft/internal/nubesgen"
)

// generator is the blueprints as the API and the pages see them.
type generator struct{ blueprint.Generator }

// Generate makes an archive.
func (g generator) Generate(_ context.Context, r api.GenerateRequest) (api.Archive, error) {
	mapping, err := mappingOf(r)
	if err != nil {
		return api.Archive{}, fieldErrors(err)
	}
	files, err := g.RenderMapping(mapping)
	if err != nil {
		return api.Archive{}, fieldErrors(err)
	}
	data, err := blueprint.Archive(r.Format, files)
	return api.Archive{Data: data, Notices: append(mapping.Notices, mapping.Choices.Complete().Notices()...)}, err
}

// mappingOf reads what a request chooses.
func mappingOf(r api.GenerateRequest) (blueprint.Mapping, error) {
	switch {
	case r.NubesGen && r.Body != nil:
		return nubesgen.FromJSON(r.Name, r.Body)
	case r.NubesGen:
		return nubesgen.FromQuery(r.Name, r.Query)
	}
	var c blueprint.Choices
	var err error
	if r.Body != nil {
		c, err = blueprint.FromJSON(r.Body)
	} else {
		c, err = blueprint.FromQuery(r.Query)
	}
	if err == nil && c.Name != "" && c.Name != r.Name {
		err = blueprint.Violations{{Field: "name", Value: c.Name, Rule: "is not the name in the path", Allowed: []string{r.Name}}}.Err()
	}
	c.Name = r.Name
	c, notices := c.Current()
	if found, ok := errors.AsType[blueprint.Violations](err); ok {
		err = further(found, c.Complete().Check()).Err()
	}
	return blueprint.Mapping{Choices: c, Notices: notices}, err
}

// further adds to what could not be read of choices what is wrong with the rest.
func further(found, rest blueprint.Violations) blueprint.Violations {
	for _, v := range rest {
		if !slices.ContainsFunc(found, func(f blueprint.Violation) bool { return f.Field == v.Field }) {
			found = append(found, v)
		}
	}
	return found
}

// Choose tells what can be chosen.
func (g generator) Choose(_ context.Context, query url.Values) (api.Choosing, error) {
	d := blueprint.DraftOf(query)
	c := d.Choices
	answer := api.Choosing{
		Choices: chosen(c), Changed: apiErrors(d.Changed), Problems: apiErrors(d.Problems),
		Command: c.InitCommand(), Query: archiveQuery(c),
	}
	for _, f := range d.Fields() {
		field := api.ChoiceField{Name: f.Name, Parameter: f.Parameter, Value: f.Value}
		for _, o := range f.Options {
			field.Options = append(field.Options, api.ChoiceOption{Value: o.Value, Title: o.Title, Detail: o.Detail, Cost: string(o.Cost), Reason: o.Reason})
		}
		answer.Fields = append(answer.Fields, field)
	}
	return answer, nil
}

func chosen(c blueprint.Choices) api.Choices {
	answer := api.Choices{
		Name: c.Name, Target: c.Target, Engine: c.Engine, Region: c.Region, Network: c.Network,
		Database: api.ChosenService(c.Database),
	}
	for _, a := range c.Apps {
		answer.Apps = append(answer.Apps, api.ChosenApp(a))
	}
	for _, s := range c.AddOns {
		answer.AddOns = append(answer.AddOns, api.ChosenService(s))
	}
	return answer
}

// fieldErrors makes violations the API's.
func fieldErrors(err error) error {
	found, ok := errors.AsType[blueprint.Violations](err)
	if !ok {
		return err
	}
	return aloft.Errorf(aloft.CodeInvalid, "%w", apiErrors(found)).WithHint("what can be chosen: GET %s/options", api.Base)
}

func apiErrors(found blueprint.Violations) api.FieldErrors {
	var list api.FieldErrors
	for _, v := range found {
		list = append(list, api.FieldError(v))
	}
	return list
}

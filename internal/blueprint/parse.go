package blueprint

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// FromQuery reads choices from the parameters of a URL: those of the project,
// add-on and app, which may be repeated (see ParseAddOns and ParseApp), and
// those of the only app where app is not given. Parameters without a value
// count as not given. The error is CodeInvalid and wraps the Violations.
func FromQuery(query url.Values) (Choices, error) {
	r := &queryReader{query: query}
	r.known()
	c := r.project()
	texts := r.all(parameterApp)
	if only := r.app(); only != (App{}) || len(texts) == 0 {
		if len(texts) > 0 {
			r.add(parameterApp, texts[0], "cannot be given beside parameters of an only app", nil)
		}
		if only != (App{}) {
			c.Apps = []App{only}
		}
	}
	c.Apps = append(c.Apps, r.apps()...)
	return c, r.found.Err()
}

// queryReader reads parameters and notes what is wrong with them.
type queryReader struct {
	query url.Values
	found Violations
}

func (r *queryReader) add(field, value, rule string, allowed []string) {
	r.found = append(r.found, Violation{field, value, rule, allowed})
}

// mostNamed is how many names that are not known, and fields that cannot be read, are told.
const mostNamed = 10

// known refuses parameters that there are none of.
func (r *queryReader) known() {
	parameters := Parameters()
	unknown := slices.DeleteFunc(slices.Sorted(maps.Keys(r.query)), func(name string) bool { return slices.Contains(parameters, name) })
	for _, name := range unknown[:min(len(unknown), mostNamed)] {
		r.add(name, strings.Join(r.query[name], ","), "is no parameter", parameters)
	}
}

// all returns the values of a parameter.
func (r *queryReader) all(name string) []string {
	return slices.DeleteFunc(slices.Clone(r.query[name]), func(v string) bool { return v == "" })
}

// one returns the value of a parameter that may be given once; "" = none.
func (r *queryReader) one(name string) string {
	values := r.all(name)
	if len(values) > 1 {
		r.add(name, strings.Join(values, ","), "is given more than once", nil)
	}
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func (r *queryReader) project() Choices {
	var c Choices
	for _, s := range projectSettings {
		_ = s.set(&c, r.one(s.name))
	}
	addOns, err := ParseAddOns(strings.Join(r.all(parameterAddOn), ","))
	r.found = append(r.found, violationsOf(err)...)
	c.AddOns = addOns
	return c
}

// apps reads the apps that are given as texts; none of them when they are more
// than a project may have.
func (r *queryReader) apps() []App {
	texts := r.all(parameterApp)
	if found := (Choices{Apps: make([]App, len(texts))}).tooMany(); len(found) > 0 {
		r.found = append(r.found, found...)
		return nil
	}
	var list []App
	for _, text := range texts {
		app, err := ParseApp(text)
		r.found = append(r.found, violationsOf(err)...)
		list = append(list, app)
	}
	return list
}

func (r *queryReader) app() App {
	var a App
	for _, s := range appSettings {
		text := r.one(s.name)
		if err := s.set(&a, text); err != nil {
			r.add("apps[0]."+s.field, text, err.Error(), nil)
		}
	}
	return a
}

// ParseAddOns reads a list such as "redis=standard,key-vault": kinds, and after
// a = the tier; "none" says that there shall be none. The error is CodeInvalid and wraps the Violations.
func ParseAddOns(text string) ([]Service, error) {
	var list []Service
	if text == None {
		return []Service{}, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		kind, tier, given := strings.Cut(part, "=")
		if kind == "" || given && tier == "" {
			return nil, Violations{{parameterAddOn, part, "is no add-on: a kind, or kind=tier", values(AddOns())}}.Err()
		}
		list = append(list, Service{Kind: kind, Tier: tier})
	}
	if found := (Choices{AddOns: list}).tooMany(); len(found) > 0 {
		return nil, found.Err()
	}
	return list, nil
}

// maxAppText is how long an app is as text at most: its parts are told in full
// wherever one is wrong.
const maxAppText = 4000 // bytes

// ParseApp reads an app such as "api:path=services/api,runtime=go": its name,
// then its parameters as in a query. A parameter that holds a comma is quoted as
// in CSV: api:"start=node server.js --hosts a,b". The error is CodeInvalid and
// wraps the Violations.
func ParseApp(text string) (App, error) {
	name, rest, _ := strings.Cut(text, ":")
	app := App{Name: name}
	if len(text) > maxAppText {
		return App{}, Violations{{parameterApp, text[:maxAppText/100] + "…", fmt.Sprintf("has more than %d bytes", maxAppText), nil}}.Err()
	}
	if name == "" || strings.ContainsAny(name, "=,") {
		return app, Violations{{parameterApp, text, "does not begin with the name of the app and a colon", nil}}.Err()
	}
	if rest == "" {
		return app, nil
	}
	reader := csv.NewReader(strings.NewReader(rest))
	parts, err := reader.Read()
	if _, more := reader.Read(); err != nil || more != io.EOF {
		return app, Violations{{parameterApp, text, "is not one line of parameters, quoted as in CSV", nil}}.Err()
	}
	if len(parts) > len(appSettings) {
		return app, Violations{{parameterApp, text, fmt.Sprintf("has %d parameters, more than there are", len(parts)), names(appSettings)}}.Err()
	}
	var found Violations
	seen := map[string]bool{}
	for _, part := range parts {
		key, value, given := strings.Cut(part, "=")
		s, known := settingOf(appSettings, key)
		switch {
		case !known || !given:
			found = append(found, Violation{parameterApp, text, fmt.Sprintf("has %q, which is no name=value", part), names(appSettings)})
		case seen[key]:
			found = append(found, Violation{parameterApp, text, key + " is given more than once", nil})
		default:
			if err := s.set(&app, value); err != nil {
				found = append(found, Violation{parameterApp, text, fmt.Sprintf("has %q: %v", part, err), nil})
			}
		}
		seen[key] = true
	}
	return app, found.Err()
}

// String writes the app as ParseApp reads it.
func (a App) String() string {
	var parts []string
	for _, s := range appSettings {
		if value := s.get(&a); value != "" {
			parts = append(parts, s.name+"="+value)
		}
	}
	if len(parts) == 0 {
		return a.Name
	}
	var line strings.Builder
	writer := csv.NewWriter(&line)
	_ = writer.Write(parts)
	writer.Flush()
	return a.Name + ":" + strings.TrimSuffix(line.String(), "\n")
}

func violationsOf(err error) Violations {
	found, _ := errors.AsType[Violations](err)
	return found
}

package terraform

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

const appsOutput = "apps"

// appsExample is the shape of the output "apps", for errors.
const appsExample = `output "apps" {
  value = {
    web = { hosting = "local", name = "web", url = aloft_app.web.url }
  }
}`

// Outputs returns the outputs in the state. An output "apps" of the wrong shape
// is CodeInvalid; the error names its place and shows the right shape.
func (e *Engine) Outputs(ctx context.Context, c aloft.Configuration) (aloft.Outputs, error) {
	all, err := e.readOutputs(ctx, c)
	if err != nil {
		return aloft.Outputs{}, err
	}
	return newOutputs(c, all)
}

func (e *Engine) readOutputs(ctx context.Context, c aloft.Configuration) (map[string]outputMessage, error) {
	args := append([]string{"output", "-json"}, e.earlyVarFile(c)...)
	var out bytes.Buffer
	c.Log = shared(c)
	if err := e.exec(ctx, c, &out, args...); err != nil {
		if ctx.Err() != nil {
			return nil, e.failure(ctx, c, "read the outputs of", nil, err)
		}
		if err := e.reinit(ctx, c); err != nil {
			return nil, err
		}
		out.Reset()
		if err := e.exec(ctx, c, &out, args...); err != nil {
			return nil, e.failure(ctx, c, "read the outputs of", nil, err)
		}
	}
	var all map[string]outputMessage
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		return nil, fmt.Errorf("cannot read the outputs of %s: %w", c.Key, err)
	}
	return all, nil
}

// told returns the outputs that an apply told, and whether they are complete:
// it does not tell sensitive values.
func (s *stream) told(c aloft.Configuration) (outputs aloft.Outputs, complete bool, err error) {
	if !s.applied {
		return aloft.Outputs{}, false, nil
	}
	for _, output := range s.outputs {
		if output.Sensitive || len(output.Type) == 0 {
			return aloft.Outputs{}, false, nil
		}
	}
	outputs, err = newOutputs(c, s.outputs)
	return outputs, true, err
}

// newOutputs sorts the outputs into what Aloft acts on.
func newOutputs(c aloft.Configuration, all map[string]outputMessage) (aloft.Outputs, error) {
	outputs := aloft.Outputs{Plain: map[string]string{}}
	var hidden secrets
	for name, output := range all {
		switch {
		case name == appsOutput:
			apps, err := parseApps(output.Value)
			if err != nil {
				return aloft.Outputs{}, shapeError(c, err)
			}
			outputs.Apps = apps
			if output.Sensitive {
				hidden.addApps(apps)
			}
		case output.Sensitive:
			hidden.addValue(decoded(output.Value))
		default:
			outputs.Plain[name] = compact(output.Value)
		}
	}
	if outputs.Apps == nil {
		outputs.Apps = olderApps(all)
	}
	outputs.Sensitive = hidden.sorted()
	return outputs, nil
}

// parseApps reads the value of the output "apps". null counts as no output.
func parseApps(value json.RawMessage) (map[string]aloft.AppOutput, error) {
	if len(value) == 0 || string(bytes.TrimSpace(value)) == "null" {
		return nil, nil
	}
	entries, ok := decoded(value).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it is not a map from app names to objects")
	}
	apps := make(map[string]aloft.AppOutput, len(entries))
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if aloft.ValidateAppName(name) != nil {
			return nil, fmt.Errorf("%q is not the name of an app", name)
		}
		app, err := parseApp(name, entries[name])
		if err != nil {
			return nil, err
		}
		apps[name] = app
	}
	return apps, nil
}

func parseApp(name string, value any) (aloft.AppOutput, error) {
	fields, ok := value.(map[string]any)
	if !ok {
		return aloft.AppOutput{}, fmt.Errorf("%s is not an object", name)
	}
	app := aloft.AppOutput{Name: name}
	for key, value := range fields {
		target := map[string]*string{"hosting": &app.Hosting, "name": &app.Name, "url": &app.URL}[key]
		text, isText := value.(string)
		switch {
		case target == nil && value != nil:
			if app.More == nil {
				app.More = map[string]any{}
			}
			app.More[key] = value
		case target == nil || value == nil:
		case !isText:
			return aloft.AppOutput{}, fmt.Errorf("%s.%s is not a string", name, key)
		default:
			*target = text
		}
	}
	if app.Hosting == "" {
		return aloft.AppOutput{}, fmt.Errorf("%s has no hosting", name)
	}
	return app, nil
}

func shapeError(c aloft.Configuration, cause error) error {
	where := "the state"
	if place := outputPlace(c, appsOutput); place != "" {
		where = place
	}
	return aloft.Errorf(aloft.CodeInvalid, "%s: the output %q has the wrong shape: %w", where, appsOutput, cause).
		WithHint("it is a map from app names to objects with hosting, name and url:\n%s", appsExample)
}

// olderApps understands the outputs of repositories that NubesGen generated:
// one app, whose hosting they do not tell.
func olderApps(all map[string]outputMessage) map[string]aloft.AppOutput {
	text := func(name string) string {
		s, _ := decoded(all[name].Value).(string)
		return s
	}
	if text("application_name") == "" {
		return nil
	}
	app := aloft.AppOutput{Name: text("application_name"), URL: text("application_url"), More: map[string]any{}}
	if app.URL != "" && !strings.Contains(app.URL, "://") {
		app.URL = "https://" + app.URL
	}
	for _, name := range []string{"resource_group", "container_registry_name"} {
		if value := text(name); value != "" {
			app.More[name] = value
		}
	}
	return map[string]aloft.AppOutput{"web": app}
}

// addApps adds what a sensitive output "apps" holds beside names and URLs.
func (s *secrets) addApps(apps map[string]aloft.AppOutput) {
	for _, app := range apps {
		s.addValue(app.More)
	}
}

// decoded returns the value of a JSON text, nil if it is none.
func decoded(text json.RawMessage) any {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil
	}
	return value
}

func compact(text json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return "null"
	}
	return b.String()
}

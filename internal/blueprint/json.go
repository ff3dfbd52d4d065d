package blueprint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// FromJSON reads choices from a JSON object; unknown fields are refused. The
// error is CodeInvalid and wraps the Violations; what could be read is returned
// beside it.
func FromJSON(data []byte) (Choices, error) {
	object, err := oneObject(data)
	if err != nil {
		return Choices{}, err
	}
	r := &jsonReader{}
	r.read("", object, reflect.TypeFor[Choices]())
	var c Choices
	if len(r.found) > 0 {
		_ = json.Unmarshal(object, &c) // it leaves out what does not fit, which is told
		return c, r.found.Err()
	}
	if err := json.Unmarshal(object, &c); err != nil {
		return Choices{}, bodyViolation(object, err.Error()).Err()
	}
	return c, c.tooMany().Err()
}

// Fields returns the fields of the JSON object that a body is. The error is
// CodeInvalid and wraps Violations of the field body.
func Fields(body []byte) (map[string]json.RawMessage, error) {
	object, err := oneObject(body)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, bodyViolation(body, err.Error()).Err()
	}
	return fields, nil
}

// oneObject returns the JSON object that a body is. The error wraps Violations of
// the field body.
func oneObject(data []byte) (json.RawMessage, error) {
	var object json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
		return nil, bodyViolation(data, "there is none").Err()
	} else if err != nil {
		return nil, bodyViolation(data, err.Error()).Err()
	}
	if _, more := decoder.Token(); more != io.EOF {
		return nil, bodyViolation(data, "there is something after the object").Err()
	}
	if !bytes.HasPrefix(object, []byte("{")) {
		return nil, bodyViolation(data, "it is something else").Err()
	}
	return object, nil
}

func bodyViolation(body []byte, why string) Violations {
	return Violations{{"body", beginning(body), "is not the JSON object that is wanted: " + why, nil}}
}

// beginning is what is told of a value that may be long.
func beginning(value []byte) string {
	const most = 60 // bytes
	if len(value) > most {
		return strings.ToValidUTF8(string(value[:most]), "") + "…"
	}
	return strings.ToValidUTF8(string(value), "")
}

// Shown is the beginning of a JSON value as people write it: a text without quotes.
func Shown(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && string(value) != "null" {
		return beginning([]byte(text))
	}
	return beginning(value)
}

// jsonReader notes what of a JSON value does not fit a type: its field, which is
// named as Check names it, its value, and the fields that there are.
type jsonReader struct{ found Violations }

func (r *jsonReader) read(field string, value json.RawMessage, t reflect.Type) {
	if string(value) == "null" {
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		r.object(field, value, t)
	case reflect.Slice:
		var list []json.RawMessage
		if json.Unmarshal(value, &list) != nil {
			r.wrong(field, value, "is no list")
		}
		for i, item := range list {
			r.read(fmt.Sprintf("%s[%d]", field, i), item, t.Elem())
		}
	case reflect.Int:
		if json.Unmarshal(value, new(int)) != nil {
			rule := "is no whole number"
			if bytes.HasPrefix(value, []byte(`"`)) {
				rule = "is a text, no whole number"
			}
			r.wrong(field, value, rule)
		}
	default:
		if json.Unmarshal(value, new(string)) != nil {
			r.wrong(field, value, "is no text")
		}
	}
}

func (r *jsonReader) object(field string, value json.RawMessage, t reflect.Type) {
	var object map[string]json.RawMessage
	if json.Unmarshal(value, &object) != nil {
		r.wrong(field, value, "is no object")
		return
	}
	known := map[string]reflect.Type{}
	var names []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[strings.ToLower(name)], names = f.Type, append(names, name)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		full := strings.TrimPrefix(field+"."+name, ".")
		if of, ok := known[strings.ToLower(name)]; ok {
			r.read(full, object[name], of)
			continue
		}
		r.add(Violation{beginning([]byte(full)), Shown(object[name]), "is no field", names})
	}
}

func (r *jsonReader) wrong(field string, value json.RawMessage, rule string) {
	r.add(Violation{field, Shown(value), rule, nil})
}

// add notes the first of many.
func (r *jsonReader) add(v Violation) {
	if len(r.found) < mostNamed {
		r.found = append(r.found, v)
	}
}

package cloud

import "strings"

// object returns the object under a name, an empty one that is not kept when
// there is none.
func object(body map[string]any, name string) map[string]any {
	part, ok := body[name].(map[string]any)
	if !ok {
		return map[string]any{}
	}
	return part
}

// grow returns the object under a name, which is made when there is none.
func grow(body map[string]any, name string) map[string]any {
	part, ok := body[name].(map[string]any)
	if !ok {
		part = map[string]any{}
		body[name] = part
	}
	return part
}

func text(body map[string]any, name string) string {
	value, _ := body[name].(string)
	return value
}

func list(body map[string]any, name string) []any {
	value, _ := body[name].([]any)
	return value
}

func number(body map[string]any, name string, usual int) int {
	if value, ok := body[name].(float64); ok {
		return int(value)
	}
	if value, ok := body[name].(int); ok {
		return value
	}
	return usual
}

// preset gives a value to what the client left open.
func preset(body map[string]any, name string, value any) {
	if body[name] == nil {
		body[name] = value
	}
}

// merge changes a body as JSON Merge Patch does (RFC 7396), which ARM's PATCH
// takes: objects are merged, null takes away, all else is replaced, lists too.
func merge(body, change map[string]any) {
	for name, value := range change {
		name = sameName(body, name)
		part, isObject := value.(map[string]any)
		before, wasObject := body[name].(map[string]any)
		switch {
		case value == nil:
			delete(body, name)
		case isObject && wasObject:
			merge(before, part)
		case isObject:
			fresh := map[string]any{}
			merge(fresh, part)
			body[name] = fresh
		default:
			body[name] = copied(value)
		}
	}
}

// sameName returns how a name is written in a body already: ARM does not look
// at case.
func sameName(body map[string]any, name string) string {
	if _, ok := body[name]; ok {
		return name
	}
	for known := range body {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	return name
}

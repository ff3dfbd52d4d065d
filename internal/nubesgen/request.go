package nubesgen

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// parameters are the parameters of NubesGen's URLs.
var parameters = []string{"iactool", "runtime", "application", "region", "database", "gitops", "addons", "network"}

// Parameters lists the parameters of NubesGen's URLs.
func Parameters() []string { return slices.Clone(parameters) }

// FromQuery reads the parameters of a URL of NubesGen's, in which the
// name stands in the path. Values that NubesGen took and could not use are
// answered as it did, with a notice; a parameter that is there twice is refused.
// The error is CodeInvalid and wraps the Violations.
func FromQuery(name string, query url.Values) (blueprint.Mapping, error) {
	r := &queryReader{query: query}
	upper := func(name string) string { return strings.ToUpper(r.one(name)) }
	asked := request{
		name: name, tool: upper("iactool"), runtime: upper("runtime"),
		application: cutTier(upper("application"), hostings),
		database:    cutTier(upper("database"), databases),
		network:     upper("network"), region: r.one("region"),
	}
	for addOn := range strings.SplitSeq(upper("addons"), ",") {
		if addOn = strings.TrimSpace(addOn); addOn != "" {
			asked.addOns = append(asked.addOns, cutTier(addOn, addOns))
		}
	}
	gitOps, wrong := yesOrNo(r.one("gitops"))
	asked.gitOps, r.found = gitOps, append(r.found, wrong...)
	if len(r.found) > 0 {
		return blueprint.Mapping{}, r.found.Err()
	}
	m, err := asked.mapped()
	m.Notices = append(m.Notices, notUsed("parameter", slices.Sorted(maps.Keys(query)))...)
	return m, err
}

// queryReader reads parameters and notes which are there twice.
type queryReader struct {
	query url.Values
	found blueprint.Violations
}

// one returns the value of a parameter; "" = none.
func (r *queryReader) one(name string) string {
	values := slices.DeleteFunc(slices.Clone(r.query[name]), func(v string) bool { return v == "" })
	if len(values) > 1 {
		r.found = append(r.found, blueprint.Violation{Field: name, Value: strings.Join(values, ","), Rule: "is given more than once"})
	}
	if len(values) == 0 {
		return ""
	}
	return strings.TrimSpace(values[0])
}

// cutTier reads KIND.TIER, or KIND with anything after it, as NubesGen did.
func cutTier(text string, kinds []kind) tier {
	for _, k := range kinds {
		if rest, ok := strings.CutPrefix(text, k.name); ok {
			return tier{k.name, strings.TrimLeft(rest, "._ ")}
		}
	}
	return tier{kind: text}
}

// yesOrNo reads a Boolean as NubesGen's framework does; "" = false.
func yesOrNo(text string) (string, blueprint.Violations) {
	switch strings.ToLower(text) {
	case "true", "on", "yes", "1":
		return "true", nil
	case "", "false", "off", "no", "0":
		return "false", nil
	}
	return "", blueprint.Violations{{Field: "gitops", Value: text, Rule: "is neither true nor false", Allowed: []string{"true", "false"}}}
}

// mostNamed is how many names that are not known are told.
const mostNamed = 10

// notUsed is a notice of names that NubesGen had no use for, if there are such.
func notUsed(what string, names []string) []string {
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(parameters, name) })
	if len(names) == 0 {
		return nil
	}
	var told []string
	for _, name := range names[:min(len(names), mostNamed)] {
		told = append(told, cleanText(name))
	}
	if more := len(names) - len(told); more > 0 {
		told = append(told, fmt.Sprintf("%d more", more))
	}
	return []string{fmt.Sprintf("Not used: %s. NubesGen knows no such %s.", strings.Join(told, ", "), what)}
}

// FromJSON reads the body of a POST to a URL of NubesGen's. Fields that
// it had no use for are not used, with a notice; values that it refused are
// refused. The error is CodeInvalid and wraps the Violations.
func FromJSON(name string, body []byte) (blueprint.Mapping, error) {
	fields, err := blueprint.Fields(body)
	if err != nil {
		return blueprint.Mapping{}, err
	}
	asked := request{name: name}
	r := &bodyReader{fields: fields}
	asked.tool = r.text("iactool", []string{"TERRAFORM", "BICEP", "PULUMI"})
	asked.runtime = r.text("runtime", slices.Sorted(maps.Keys(runtimes)))
	asked.region = r.text("region", nil)
	asked.application = r.tier("application", hostings)
	asked.database = r.tier("database", databases)
	asked.addOns = r.tiers("addons", addOns)
	asked.network = r.network()
	gitOps, wrong := yesOrNo(r.text("gitops", nil))
	asked.gitOps, r.found = gitOps, append(r.found, wrong...)
	if len(r.found) > 0 {
		return blueprint.Mapping{}, r.found.Err()
	}
	m, err := asked.mapped()
	m.Notices = append(m.Notices, notUsed("field", slices.Sorted(maps.Keys(fields)))...)
	return m, err
}

// bodyReader reads the fields of a body and notes what is wrong with them.
type bodyReader struct {
	fields map[string]json.RawMessage
	found  blueprint.Violations
}

func (r *bodyReader) add(field, value, rule string, allowed []string) {
	r.found = append(r.found, blueprint.Violation{Field: field, Value: value, Rule: rule, Allowed: allowed})
}

// scalar reads a text, a Boolean, or null, which is "".
func scalar(raw json.RawMessage) (string, bool) {
	var value any
	if len(raw) > 0 && json.Unmarshal(raw, &value) != nil {
		return "", false
	}
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return strings.TrimSpace(v), true
	case bool:
		return map[bool]string{true: "true", false: "false"}[v], true
	}
	return "", false
}

// text reads one of the allowed values, in upper case; any text when allowed is nil.
func (r *bodyReader) text(field string, allowed []string) string {
	return r.valueOf(field, r.fields[field], allowed)
}

func (r *bodyReader) valueOf(field string, raw json.RawMessage, allowed []string) string {
	text, ok := scalar(raw)
	if !ok {
		r.add(field, blueprint.Shown(raw), "is no text", allowed)
	}
	if allowed == nil || text == "" {
		return text
	}
	if text = strings.ToUpper(text); !slices.Contains(allowed, text) {
		r.add(field, text, "is not known", allowed)
	}
	return text
}

// tiers are all tiers of NubesGen: which kind has which, it did not check.
var tiers = []string{"FREE", "BASIC", "CONSUMPTION", "SERVERLESS", "STANDARD", "GENERAL_PURPOSE", "PREMIUM"}

func (r *bodyReader) tier(field string, kinds []kind) tier {
	return r.tierOf(field, r.fields[field], kinds)
}

func (r *bodyReader) tierOf(field string, raw json.RawMessage, kinds []kind) tier {
	if len(raw) == 0 || string(raw) == "null" {
		return tier{}
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		r.add(field, blueprint.Shown(raw), `is no object such as {"type": …, "tier": …}`, nil)
		return tier{}
	}
	var known []string
	for _, k := range kinds {
		known = append(known, k.name)
	}
	return tier{r.valueOf(field+".type", object["type"], known), r.valueOf(field+".tier", object["tier"], tiers)}
}

func (r *bodyReader) tiers(field string, kinds []kind) []tier {
	var list []json.RawMessage
	if raw := r.fields[field]; len(raw) > 0 && json.Unmarshal(raw, &list) != nil {
		r.add(field, blueprint.Shown(raw), `is no list such as [{"type": …, "tier": …}]`, nil)
	}
	if many := manyAddOns(len(list)); many != nil {
		r.found = append(r.found, many...)
		return nil
	}
	var all []tier
	for _, raw := range list {
		all = append(all, r.tierOf(field, raw, kinds))
	}
	return all
}

// network reads {"network": "PUBLIC"}, or the text alone.
func (r *bodyReader) network() string {
	raw := r.fields["network"]
	var object map[string]json.RawMessage
	if len(raw) > 0 && json.Unmarshal(raw, &object) == nil && object != nil {
		raw = object["network"]
	}
	return r.valueOf("network", raw, []string{"PUBLIC", "VIRTUAL_NETWORK"})
}

// cleanText makes a name from outside fit for a header and for Markdown.
func cleanText(text string) string {
	text = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '?'
	}, text)
	return text[:min(len(text), 60)]
}

package blueprint

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// nubesgenParameters are the parameters of NubesGen's URLs.
var nubesgenParameters = []string{"iactool", "runtime", "application", "region", "database", "gitops", "addons", "network"}

// NubesGenParameters lists the parameters of NubesGen's URLs.
func NubesGenParameters() []string { return slices.Clone(nubesgenParameters) }

// FromNubesGenQuery reads the parameters of a URL of NubesGen's, in which the
// name stands in the path. Values that NubesGen took and could not use are
// answered as it did, with a notice; a parameter that is there twice is refused.
// The error is CodeInvalid and wraps the Violations.
func FromNubesGenQuery(name string, query url.Values) (Mapping, error) {
	r := &queryReader{query: query}
	value := func(name string) string { return strings.TrimSpace(r.one(name)) }
	upper := func(name string) string { return strings.ToUpper(value(name)) }
	n := nubesgen{
		name: name, tool: upper("iactool"), runtime: upper("runtime"),
		application: cutTier(upper("application"), nubesgenHostings),
		database:    cutTier(upper("database"), nubesgenDatabases),
		network:     upper("network"), region: value("region"),
	}
	for addOn := range strings.SplitSeq(upper("addons"), ",") {
		if addOn = strings.TrimSpace(addOn); addOn != "" {
			n.addOns = append(n.addOns, cutTier(addOn, nubesgenAddOns))
		}
	}
	gitOps, err := yesOrNo(value("gitops"))
	n.gitOps, r.found = gitOps, append(r.found, violationsOf(err)...)
	if len(r.found) > 0 {
		return Mapping{}, r.found.Err()
	}
	m, err := n.mapped()
	m.Notices = append(m.Notices, notUsed("parameter", slices.Sorted(maps.Keys(query)))...)
	return m, err
}

// cutTier reads KIND.TIER, or KIND with anything after it, as NubesGen did.
func cutTier(text string, kinds []nubesgenKind) nubesgenTier {
	for _, k := range kinds {
		if rest, ok := strings.CutPrefix(text, k.name); ok {
			return nubesgenTier{k.name, strings.TrimLeft(rest, "._ ")}
		}
	}
	return nubesgenTier{kind: text}
}

// yesOrNo reads a Boolean as NubesGen's framework does; "" = false.
func yesOrNo(text string) (string, error) {
	switch strings.ToLower(text) {
	case "true", "on", "yes", "1":
		return "true", nil
	case "", "false", "off", "no", "0":
		return "false", nil
	}
	return "", Violations{{"gitops", text, "is neither true nor false", []string{"true", "false"}}}.Err()
}

// notUsed is a notice of names that NubesGen had no use for, if there are such.
func notUsed(what string, names []string) []string {
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(nubesgenParameters, name) })
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

// FromNubesGenJSON reads the body of a POST to a URL of NubesGen's. Fields that
// it had no use for are not used, with a notice; values that it refused are
// refused. The error is CodeInvalid and wraps the Violations.
func FromNubesGenJSON(name string, body []byte) (Mapping, error) {
	fields, err := Fields(body)
	if err != nil {
		return Mapping{}, err
	}
	n := nubesgen{name: name}
	r := &bodyReader{fields: fields}
	n.tool = r.text("iactool", []string{"TERRAFORM", "BICEP", "PULUMI"})
	n.runtime = r.text("runtime", slices.Sorted(maps.Keys(nubesgenRuntimes)))
	n.region = r.text("region", nil)
	n.application = r.tier("application", nubesgenHostings)
	n.database = r.tier("database", nubesgenDatabases)
	n.addOns = r.tiers("addons", nubesgenAddOns)
	n.network = r.network()
	gitOps, err := yesOrNo(r.text("gitops", nil))
	n.gitOps, r.found = gitOps, append(r.found, violationsOf(err)...)
	if len(r.found) > 0 {
		return Mapping{}, r.found.Err()
	}
	m, err := n.mapped()
	m.Notices = append(m.Notices, notUsed("field", slices.Sorted(maps.Keys(fields)))...)
	return m, err
}

// bodyReader reads the fields of a body and notes what is wrong with them.
type bodyReader struct {
	fields map[string]json.RawMessage
	found  Violations
}

func (r *bodyReader) add(field, value, rule string, allowed []string) {
	r.found = append(r.found, Violation{field, value, rule, allowed})
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
		r.add(field, Shown(raw), "is no text", allowed)
	}
	if allowed == nil || text == "" {
		return text
	}
	if text = strings.ToUpper(text); !slices.Contains(allowed, text) {
		r.add(field, text, "is not known", allowed)
	}
	return text
}

// nubesgenTiers are all tiers of NubesGen: which kind has which, it did not check.
var nubesgenTiers = []string{"FREE", "BASIC", "CONSUMPTION", "SERVERLESS", "STANDARD", "GENERAL_PURPOSE", "PREMIUM"}

func (r *bodyReader) tier(field string, kinds []nubesgenKind) nubesgenTier {
	return r.tierOf(field, r.fields[field], kinds)
}

func (r *bodyReader) tierOf(field string, raw json.RawMessage, kinds []nubesgenKind) nubesgenTier {
	if len(raw) == 0 || string(raw) == "null" {
		return nubesgenTier{}
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		r.add(field, Shown(raw), `is no object such as {"type": …, "tier": …}`, nil)
		return nubesgenTier{}
	}
	var known []string
	for _, k := range kinds {
		known = append(known, k.name)
	}
	return nubesgenTier{r.valueOf(field+".type", object["type"], known), r.valueOf(field+".tier", object["tier"], nubesgenTiers)}
}

func (r *bodyReader) tiers(field string, kinds []nubesgenKind) []nubesgenTier {
	var list []json.RawMessage
	if raw := r.fields[field]; len(raw) > 0 && json.Unmarshal(raw, &list) != nil {
		r.add(field, Shown(raw), `is no list such as [{"type": …, "tier": …}]`, nil)
	}
	if many := manyAddOns(len(list)); many != nil {
		r.found = append(r.found, many...)
		return nil
	}
	var all []nubesgenTier
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

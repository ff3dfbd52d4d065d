package cloud

import "strings"

// path is the address of a resource, of a collection or of an action.
type path struct {
	id           string // without a slash at the end; of a collection or action: its parent's
	subscription string
	group        string
	kind         string   // type in lower case, such as "microsoft.web/sites/slots"; "" = subscription
	written      string   // type as the client wrote it
	names        []string // of the resource and what it is in, outermost first
	last         string   // collection or action behind the id, "" = the resource itself
}

const (
	subscriptionKind = ""
	groupKind        = "resourcegroups"
)

// parsePath reads an address of Azure Resource Manager. A type below another
// scope's resource (roles, locks, diagnostics) has that scope before the last
// "providers".
func parsePath(text string) path {
	segments := strings.Split(strings.Trim(text, "/"), "/")
	p := path{}
	for i := 0; i+1 < len(segments) && i < 4; i += 2 {
		switch strings.ToLower(segments[i]) {
		case "subscriptions":
			p.subscription = segments[i+1]
		case "resourcegroups":
			p.group = segments[i+1]
		}
	}
	start := -1
	for i, segment := range segments {
		if strings.EqualFold(segment, "providers") && i+1 < len(segments) {
			start = i
		}
	}
	if start < 0 {
		return p.withoutProvider(segments)
	}
	rest := segments[start+2:]
	types := []string{segments[start+1]}
	for i := 0; i+1 < len(rest); i += 2 {
		types, p.names = append(types, rest[i]), append(p.names, rest[i+1])
	}
	if len(rest)%2 == 1 {
		p.last = rest[len(rest)-1]
		segments = segments[:len(segments)-1]
	}
	p.written = strings.Join(types, "/")
	p.kind = strings.ToLower(p.written)
	p.id = "/" + strings.Join(segments, "/")
	return p
}

func (p path) withoutProvider(segments []string) path {
	if len(segments)%2 == 1 {
		p.last = segments[len(segments)-1]
		segments = segments[:len(segments)-1]
	}
	p.id = "/" + strings.Join(segments, "/")
	if p.group != "" {
		p.kind, p.written, p.names = groupKind, "Microsoft.Resources/resourceGroups", []string{p.group}
	}
	if len(segments) == 0 || segments[0] == "" {
		p.id = ""
	}
	return p
}

// namespace returns the resource provider, such as "Microsoft.App".
func (p path) namespace() string {
	namespace, _, _ := strings.Cut(p.written, "/")
	return namespace
}

// name returns the innermost name.
func (p path) name() string {
	if len(p.names) == 0 {
		return ""
	}
	return p.names[len(p.names)-1]
}

func (p path) key() string { return strings.ToLower(p.id) }

// parentOf returns the id in lower case of what a resource is in: the resource
// above, or the scope that it is of.
func parentOf(id string) string {
	id = strings.ToLower(id)
	i := strings.LastIndex(id, "/providers/")
	if i < 0 {
		return id[:max(strings.LastIndex(id, "/resourcegroups/"), 0)]
	}
	if strings.Count(id[i+len("/providers/"):], "/") <= 2 {
		return id[:i]
	}
	id = id[:strings.LastIndexByte(id, '/')]
	return id[:strings.LastIndexByte(id, '/')]
}

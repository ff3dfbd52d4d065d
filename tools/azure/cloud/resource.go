package cloud

import (
	"slices"
	"strings"
	"time"
)

// resource is a record of the resource store.
type resource struct {
	id      string
	kind    string         // in lower case
	body    map[string]any // as GET shows it, secrets included
	created time.Time
	version string     // api-version of the last write
	unseen  int        // reads that are still answered with 404
	running *operation // nil = nothing is under way
	state   any        // what the kind keeps besides, such as an app's revisions
}

func (r *resource) parent() string { return parentOf(r.id) }

func (r *resource) name() string { return r.id[strings.LastIndexByte(r.id, '/')+1:] }

// properties returns those of the resource, which are made when there are none.
func (r *resource) properties() map[string]any { return grow(r.body, "properties") }

func (r *resource) location() string {
	location := text(r.body, "location")
	if location == "" {
		return "global"
	}
	return strings.ToLower(strings.ReplaceAll(location, " ", ""))
}

// find returns a resource by id, nil when there is none. The caller holds the lock.
func (c *Cloud) find(id string) *resource { return c.resources[strings.ToLower(id)] }

// children returns the resources of a kind below a parent, by id. The caller
// holds the lock.
func (c *Cloud) children(parent, kind string) []*resource {
	return c.all(func(r *resource) bool { return r.kind == kind && r.parent() == strings.ToLower(parent) })
}

// all returns the resources that match, by id. The caller holds the lock.
func (c *Cloud) all(match func(*resource) bool) []*resource {
	var found []*resource
	for _, r := range c.resources {
		if match(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *resource) int { return strings.Compare(a.id, b.id) })
	return found
}

// erase takes a resource out, with all below it. The caller holds the lock.
func (c *Cloud) erase(id string) {
	key := strings.ToLower(id)
	for other, r := range c.resources {
		if other != key && !strings.HasPrefix(other, key+"/") {
			continue
		}
		delete(c.resources, other)
		if k := c.kinds[r.kind]; k != nil && k.removed != nil {
			k.removed(c, r)
		}
	}
}

// keep carries over what Azure alone writes, from the record that is being
// replaced: a PUT does not take it away. The caller holds the lock.
func (c *Cloud) keep(r *resource, names ...string) {
	before := c.find(r.id)
	if before == nil {
		return
	}
	for _, name := range names {
		if value := before.properties()[name]; value != nil {
			r.properties()[name] = copied(value)
		}
	}
}

// Resources returns the ids of all resources, groups included and what the cloud
// had from the beginning left out, sorted: what a test counts at the end.
func (c *Cloud) Resources() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []string
	for _, r := range c.all(func(r *resource) bool { return !r.created.IsZero() }) {
		ids = append(ids, r.id)
	}
	return ids
}

// Resource returns what is stored of a resource, secrets included; nil when it
// is not there.
func (c *Cloud) Resource(id string) map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.find(id); r != nil {
		return copied(r.body).(map[string]any)
	}
	return nil
}

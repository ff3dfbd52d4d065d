package cloud

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// record returns the resource of the request, nil when there is none.
func (q *request) record() *resource { return q.cloud.record(q.path) }

// record returns a resource; what is there with its parent comes into the store
// at the first look. The caller holds the lock.
func (c *Cloud) record(p path) *resource {
	if r := c.resources[p.key()]; r != nil {
		return r
	}
	k := c.kindOf(p.kind)
	if k.initial == nil || c.resources[parentOf(p.id)] == nil {
		return nil
	}
	body := k.initial(c, p)
	if body == nil {
		return nil
	}
	body["id"], body["name"], body["type"] = p.id, p.name(), p.written
	r := &resource{id: p.id, kind: p.kind, body: body}
	c.resources[p.key()] = r
	return r
}

// name gives a body its id, name and type.
func (q *request) name(r *resource) {
	r.body["id"], r.body["name"], r.body["type"] = r.id, q.path.name(), q.path.written
}

func (q *request) get() *answer {
	r := q.record()
	if r == nil {
		return q.missing()
	}
	if r.unseen > 0 {
		r.unseen--
		return q.missing()
	}
	if q.Method == http.MethodHead {
		return &answer{status: http.StatusNoContent}
	}
	return &answer{status: http.StatusOK, body: q.cloud.shown(r)}
}

// collection lists the resources of a type: those of a parent, or of all groups
// when it is asked of the subscription.
func (q *request) collection() *answer {
	p := parsePath(q.path.id + "/" + q.path.last + "/x")
	if q.path.names == nil && q.path.written != "" { // …/providers/Microsoft.Web/sites
		p = parsePath(q.path.id + "/" + q.path.last + "/x")
	}
	if k := q.cloud.kindOf(p.kind); k.get != nil {
		q.path.kind = p.kind
		return k.get(q)
	}
	scope := strings.ToLower(parentOf(p.id))
	if len(p.names) > 1 && q.cloud.resources[scope] == nil {
		return q.missing()
	}
	values := []any{}
	for _, r := range q.cloud.all(func(r *resource) bool {
		return r.kind == p.kind && (r.parent() == scope || p.group == "" && strings.HasPrefix(r.parent(), scope+"/"))
	}) {
		if r.unseen == 0 && q.matchesFilter(r) {
			values = append(values, q.cloud.shown(r))
		}
	}
	return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
}

// matchesFilter knows the filters that are asked for here: of tags and types, and of
// the principal of a role.
func (q *request) matchesFilter(r *resource) bool {
	filter, err := url.QueryUnescape(q.URL.Query().Get("$filter"))
	if err != nil || filter == "" {
		return true
	}
	for part := range strings.SplitSeq(filter, " and ") {
		field, value, ok := strings.Cut(part, " eq ")
		if !ok {
			continue
		}
		value = strings.Trim(value, "'")
		got := ""
		switch strings.ToLower(strings.TrimSpace(field)) {
		case "tagname":
			for name := range object(r.body, "tags") {
				if strings.EqualFold(name, value) {
					got = value
				}
			}
		case "tagvalue":
			for _, tag := range object(r.body, "tags") {
				if tag == value {
					got = value
				}
			}
		case "resourcetype":
			got = text(r.body, "type")
		case "principalid":
			got = text(object(r.body, "properties"), "principalId")
		case "rolename":
			got = text(object(r.body, "properties"), "roleName")
		default:
			continue
		}
		if !strings.EqualFold(got, value) {
			return false
		}
	}
	return true
}

func (q *request) put() *answer {
	k, before := q.cloud.kindOf(q.path.kind), q.record()
	if before == nil && k.fixed {
		return q.missing()
	}
	body := q.body
	if body == nil {
		body = map[string]any{}
	}
	return q.store(k, before, body)
}

func (q *request) patch() *answer {
	k, before := q.cloud.kindOf(q.path.kind), q.record()
	if before == nil {
		return q.missing()
	}
	body := copied(before.body).(map[string]any)
	merge(body, q.body)
	return q.store(k, before, body)
}

// store writes a body, and answers for a PUT or PATCH.
func (q *request) store(k *kind, before *resource, body map[string]any) *answer {
	c := q.cloud
	if f := q.writable(before); f != nil {
		return f.answer()
	}
	r := &resource{id: q.path.id, kind: q.path.kind, body: body, created: time.Now(), unseen: c.faults.UnseenReads, version: q.version}
	if before != nil {
		r.id, r.created, r.unseen, r.state = before.id, before.created, 0, before.state
		if before.created.IsZero() {
			r.created = time.Now()
		}
	}
	q.name(r)
	r.body["id"], r.body["name"] = r.id, r.name()
	if k.complete != nil {
		if f := k.complete(c, r); f != nil {
			return f.answer()
		}
	}
	c.resources[q.path.key()] = r
	var earlier map[string]any
	if before != nil {
		earlier = before.body
	}
	return q.finish(k, r, before == nil, earlier)
}

// finish answers a write that was stored, and lets go on what takes its time.
func (q *request) finish(k *kind, r *resource, made bool, before map[string]any) *answer {
	status := http.StatusOK
	switch {
	case made && k.create != 0:
		status = k.create
	case made:
		status = http.StatusCreated
	case q.Method == http.MethodPatch && (k.writes == asyncOperation || k.writes == location):
		status = http.StatusAccepted
	case k.update != 0:
		status = k.update
	}
	var work func(context.Context) *failure
	if k.work != nil {
		work = k.work(q.cloud, r, before)
	}
	if q.cloud.hasState(r) {
		r.properties()["provisioningState"] = "Succeeded"
	}
	if k.writes == atOnce {
		if work != nil {
			q.cloud.goDo(func(ctx context.Context) { work(ctx) })
		}
		return &answer{status: status, body: q.cloud.shown(r)}
	}
	if q.cloud.hasState(r) {
		r.properties()["provisioningState"] = k.progress
		if k.progress == "" {
			r.properties()["provisioningState"] = "InProgress"
		}
	}
	op := q.begin(r, false, work)
	return q.accepted(&answer{status: status, body: q.cloud.shown(r)}, op, k.writes)
}

// writable reports what keeps a resource from being written: an operation under
// way, or a parent that is not there.
func (q *request) writable(before *resource) *failure {
	if before != nil {
		if before.running != nil {
			return conflict(q.busyCode(), "Cannot modify '%s' because another operation is in progress. Operation id: %s.", q.path.full(), before.running.id)
		}
		return nil
	}
	parent := parentOf(q.path.id)
	if strings.Contains(parent, "/providers/") && q.cloud.record(parsePath(parent)) == nil {
		return notFound("ParentResourceNotFound", "Failed to perform 'write' on resource(s) of type '%s', because the parent resource '%s' could not be found.", q.path.written, parent)
	}
	return nil
}

func (q *request) remove() *answer {
	k, r := q.cloud.kindOf(q.path.kind), q.record()
	if r == nil {
		if q.path.kind == groupKind {
			return q.noGroup().answer()
		}
		return &answer{status: http.StatusNoContent}
	}
	if f := q.locked(r.id); f != nil {
		return f.answer()
	}
	if r.running != nil && r.running.removal {
		return q.accepted(&answer{status: http.StatusAccepted}, r.running, k.removes)
	}
	if r.running != nil {
		return conflict(q.busyCode(), "Cannot delete '%s' because another operation is in progress. Operation id: %s.", q.path.full(), r.running.id).answer()
	}
	if k.removes == atOnce {
		body := q.cloud.shown(r)
		q.cloud.erase(r.id)
		return &answer{status: http.StatusOK, body: body}
	}
	if q.cloud.hasState(r) || q.path.kind == groupKind {
		r.properties()["provisioningState"] = "Deleting"
	}
	return q.accepted(&answer{status: http.StatusAccepted}, q.begin(r, true, nil), k.removes)
}

// locked refuses what a lock protects: the resource, what it is in, and what is
// in it (doc, "Lock your resources to protect your infrastructure").
func (q *request) locked(id string) *failure {
	id = strings.ToLower(id)
	for _, lock := range q.cloud.all(func(r *resource) bool { return r.kind == lockKind }) {
		scope := lock.parent()
		if lock.id == q.path.id || strings.EqualFold(lock.id, id) {
			continue
		}
		if id == scope || strings.HasPrefix(id, scope+"/") || strings.HasPrefix(scope, id+"/") {
			return conflict("ScopeLocked", "The scope '%s' cannot perform delete operation because following scope(s) are locked: '%s'. Please remove the lock and try again.", id, scope)
		}
	}
	return nil
}

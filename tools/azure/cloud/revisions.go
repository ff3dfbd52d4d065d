package cloud

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// revisions answers for the revisions of an app, one or all, newest last.
func revisions(q *request) *answer {
	r, app := q.app()
	if r == nil {
		return q.missing()
	}
	if q.path.last == "" {
		one := app.revision(q.path.name())
		if one == nil {
			return notFound("RevisionNotFound", "Revision '%s' of container app '%s' was not found.", q.path.name(), r.name()).answer()
		}
		return &answer{status: http.StatusOK, body: q.revision(r, one)}
	}
	all := q.URL.Query().Get("$filter")
	all, _ = url.QueryUnescape(all)
	values := []any{}
	for _, one := range app.revisions {
		if one.active || all == "" {
			values = append(values, q.revision(r, one))
		}
	}
	return &answer{status: http.StatusOK, body: map[string]any{"value": values}}
}

// app returns the app that a request below it is about.
func (q *request) app() (*resource, *containerApp) {
	id := q.path.id
	if i := strings.Index(strings.ToLower(id), "/revisions"); i > 0 {
		id = id[:i]
	}
	r := q.cloud.find(id)
	if r == nil {
		return nil, nil
	}
	app, _ := r.state.(*containerApp)
	if app == nil {
		return nil, nil
	}
	return r, app
}

func (q *request) revision(r *resource, one *revision) map[string]any {
	health, replicas := "None", 0
	switch {
	case one.replica != nil:
		health, replicas = "Healthy", max(one.minimum(), 1)
	case one.provisioning == "Failed":
		health = "Unhealthy"
	}
	properties := map[string]any{
		"active": one.active, "createdTime": stamp(one.created), "template": copied(one.template), "healthState": health,
		"provisioningState": one.provisioning, "runningState": one.running, "replicas": replicas,
		"trafficWeight": r.state.(*containerApp).weight(r, one),
	}
	if one.problem != "" {
		properties["provisioningError"] = one.problem
	}
	if fqdn := text(object(object(r.properties(), "configuration"), "ingress"), "fqdn"); fqdn != "" {
		properties["fqdn"] = one.host(fqdn)
	}
	return map[string]any{"id": r.id + "/revisions/" + one.name, "name": one.name, "type": "Microsoft.App/containerapps/revisions", "properties": properties}
}

// weight returns the share of the traffic that a revision gets.
func (app *containerApp) weight(r *resource, one *revision) int {
	ingress := object(object(r.properties(), "configuration"), "ingress")
	sum := 0
	for _, entry := range list(ingress, "traffic") {
		weight, _ := entry.(map[string]any)
		latest, _ := weight["latestRevision"].(bool)
		if latest && app.latestReady() == one || strings.EqualFold(text(weight, "revisionName"), one.name) {
			sum += number(weight, "weight", 0)
		}
	}
	return sum
}

// activate starts a revision that is inactive. In Single mode only one is active
// (doc, "Revision modes"; the refusal is a guess).
func activate(q *request) *answer {
	return q.change(func(r *resource, one *revision) *failure {
		if strings.EqualFold(text(object(r.properties(), "configuration"), "activeRevisionsMode"), "Single") && !one.active {
			return badRequest("RevisionActivationNotAllowed", "Revision '%s' cannot be activated in Single revision mode.", one.name)
		}
		if one.active {
			return nil
		}
		one.active, one.provisioning, one.running = true, "Provisioning", "Processing"
		q.cloud.goDo(func(ctx context.Context) { q.cloud.launch(ctx, r.id, one) })
		return nil
	})
}

// deactivate stops a revision for good, unless all the traffic goes there.
func deactivate(q *request) *answer {
	return q.change(func(_ *resource, one *revision) *failure {
		q.cloud.retire(one)
		return nil
	})
}

// restart begins anew with the replicas of a revision.
func restart(q *request) *answer {
	return q.change(func(_ *resource, one *revision) *failure {
		if one.replica != nil {
			q.cloud.work.Go(one.replica.close)
			one.replica = nil
		}
		return nil
	})
}

func (q *request) change(do func(*resource, *revision) *failure) *answer {
	r, app := q.app()
	if r == nil {
		return q.missing()
	}
	one := app.revision(q.path.name())
	if one == nil {
		return notFound("RevisionNotFound", "Revision '%s' of container app '%s' was not found.", q.path.name(), r.name()).answer()
	}
	if f := do(r, one); f != nil {
		return f.answer()
	}
	return &answer{status: http.StatusOK}
}

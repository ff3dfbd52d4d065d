package cloud

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// swapSlots exchanges what two slots run: 202 and a Location. A
// second swap undoes it.
func swapSlots(q *request, r *resource, source *site) *answer {
	c := q.cloud
	app := r.id
	if source.slot != "" {
		app = r.parent()
	}
	wanted := text(q.body, "targetSlot")
	target := c.find(app)
	if wanted != "" && !strings.EqualFold(wanted, "production") {
		target = c.find(app + "/slots/" + wanted)
	}
	if target == nil || target == r {
		return notFound("NotFound", "Cannot find slot '%s'.", wanted).answer()
	}
	if r.running != nil || target.running != nil {
		return conflict("Conflict", "Cannot modify this site because another operation is in progress.").answer()
	}
	other, _ := target.state.(*site)
	// Whoever calls names production as the source and the slot as the target, or the
	// other way; what is warmed is what comes to production.
	warmed, site := source, other
	if source.slot == "" {
		warmed, site = other, source
	}
	op := q.begin(r, false, func(ctx context.Context) *failure {
		if f := c.warm(ctx, warmed); f != nil {
			return f
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.exchange(warmed, site)
		return nil
	})
	target.running = op
	c.goDo(func(ctx context.Context) { c.free(ctx, target, op) })
	return q.accepted(&answer{status: http.StatusAccepted}, op, location)
}

// free ends the business of the other slot when the operation has ended.
func (c *Cloud) free(ctx context.Context, target *resource, op *operation) {
	for ctx.Err() == nil {
		c.mu.Lock()
		ended := !op.ended.IsZero()
		if ended && target.running == op {
			target.running = nil
		}
		c.mu.Unlock()
		if ended {
			return
		}
		pause(ctx, 5*time.Millisecond)
	}
}

// warm asks the path of WEBSITE_SWAP_WARMUP_PING_PATH, usually "/", of the slot
// that is to serve. Any status will do, unless WEBSITE_SWAP_WARMUP_PING_STATUSES
// names those that do (doc, "Set up staging environments").
func (c *Cloud) warm(ctx context.Context, s *site) *failure {
	deadline := time.Now().Add(c.expiry())
	c.mu.Lock()
	settings := copied(c.settingsOf(s)).(map[string]any)
	c.mu.Unlock()
	path := text(settings, "WEBSITE_SWAP_WARMUP_PING_PATH")
	var statuses []string
	if named := text(settings, "WEBSITE_SWAP_WARMUP_PING_STATUSES"); named != "" {
		statuses = strings.FieldsFunc(named, func(r rune) bool { return r == ',' || r == ' ' })
	}
	for {
		status := c.ping(ctx, s, "/"+strings.TrimPrefix(path, "/"))
		if status != 0 && (len(statuses) == 0 || slices.Contains(statuses, strconv.Itoa(status))) {
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return conflict("Conflict", "Cannot swap site slots for site '%s' because the '%s' slot did not respond to http ping.", s.name, s.slot)
		}
		pause(ctx, 25*time.Millisecond)
	}
}

// ping returns the status that the app of a site answers with, 0 when it does not.
func (c *Cloud) ping(ctx context.Context, s *site, path string) int {
	c.mu.Lock()
	running := s.replica
	c.mu.Unlock()
	if running == nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+running.address()+path, nil)
	if err != nil {
		return 0
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// exchange swaps what two slots run and are told; what is sticky stays (doc,
// "Which settings are swapped?"). The caller holds the lock.
func (c *Cloud) exchange(from, to *site) {
	sticky := c.stickyNames(to)
	from.content, to.content = to.content, from.content
	from.replica, to.replica = to.replica, from.replica
	from.lastKey, to.lastKey = to.lastKey, from.lastKey
	from.problem, to.problem = to.problem, from.problem
	from.deployments, to.deployments = to.deployments, from.deployments
	a, b := c.setting(from.id, "web"), c.setting(to.id, "web")
	a.body["properties"], b.body["properties"] = b.body["properties"], a.body["properties"]
	mine, theirs := copied(c.settingsOf(from)).(map[string]any), copied(c.settingsOf(to)).(map[string]any)
	for _, name := range sticky {
		mine[name], theirs[name] = theirs[name], mine[name]
		for _, settings := range []map[string]any{mine, theirs} {
			if settings[name] == nil {
				delete(settings, name)
			}
		}
	}
	c.setting(from.id, "appsettings").body["properties"] = theirs
	c.setting(to.id, "appsettings").body["properties"] = mine
	name := func(s *site) string {
		if s.slot == "" {
			return "Production"
		}
		return s.slot
	}
	for _, one := range []*site{from, to} {
		if r := c.find(one.id); r != nil {
			r.properties()["slotSwapStatus"] = map[string]any{
				"timestampUtc": stamp(time.Now()), "sourceSlotName": name(from), "destinationSlotName": name(to),
			}
		}
	}
}

func (c *Cloud) stickyNames(s *site) []string {
	app := s.id
	if i := strings.Index(strings.ToLower(app), "/slots/"); i > 0 {
		app = app[:i]
	}
	var names []string
	for _, one := range list(object(c.setting(app, "slotconfignames").body, "properties"), "appSettingNames") {
		if name, ok := one.(string); ok {
			names = append(names, name)
		}
	}
	return names
}

package local

import (
	"maps"
	"reflect"
	"slices"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/proxy"
)

// routeChange is a route that was not as it should be.
type routeChange struct {
	host    string
	app     string // that has it now; "" = the route was removed
	retired *proxy.Retired
}

func retired(changes []routeChange) []*proxy.Retired {
	list := make([]*proxy.Retired, len(changes))
	for i, change := range changes {
		list[i] = change.retired
	}
	return list
}

// route makes the routes of an environment lead to what runs in it, and returns
// those that had to be changed.
func (l *Target) route(key aloft.EnvironmentKey, slots []aloft.Slot) ([]routeChange, error) {
	wanted := l.wantedRoutes(key, slots)
	var changes []routeChange
	for _, present := range l.options.Proxy.Routes() {
		if _, ok := wanted[present.Host]; !ok && l.ownHost(key, present.Host) {
			changes = append(changes, routeChange{present.Host, "", l.options.Proxy.Remove(present.Host)})
		}
	}
	for _, host := range slices.Sorted(maps.Keys(wanted)) {
		r := wanted[host]
		target, _ := r.target()
		if present, ok := l.options.Proxy.Route(host); ok && reflect.DeepEqual(present.Target, target) {
			continue
		}
		before, err := l.options.Proxy.Install(host, target)
		if err != nil {
			return changes, err
		}
		changes = append(changes, routeChange{host, r.App, before})
	}
	return changes, nil
}

// wantedRoutes tells which release each host name of an environment leads to.
func (l *Target) wantedRoutes(key aloft.EnvironmentKey, slots []aloft.Slot) map[string]*running {
	wanted := map[string]*running{}
	for _, r := range l.presentIn(key) {
		if _, ok := r.target(); !ok {
			continue
		}
		wanted[l.longHost(r.place)] = r
		if ownsShortHost(slots, r.App) {
			wanted[l.shortHost(key)] = r
		}
	}
	return wanted
}

// ownsShortHost reports whether an app has the short host name: "web", or the
// only one.
func ownsShortHost(slots []aloft.Slot, app string) bool {
	hasMain := slices.ContainsFunc(slots, func(s aloft.Slot) bool { return s.App == mainApp })
	return app == mainApp || !hasMain && len(slots) == 1 && slots[0].App == app
}

// isRouted reports whether the app's own host name leads to it.
func (l *Target) isRouted(r *running) bool {
	target, ok := r.target()
	if !ok {
		return true
	}
	present, ok := l.options.Proxy.Route(l.host(r.place))
	return ok && reflect.DeepEqual(present.Target, target)
}

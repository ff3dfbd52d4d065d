package server

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/proxy"
)

// page tells what there is at a host that has no route.
func (s *Server) page(ctx context.Context, host string) proxy.Page {
	key, ok := keyOfHost(host)
	if !ok {
		return unknownPage(host)
	}
	environment, err := s.store.Environment(ctx, key)
	if err != nil {
		return unknownPage(host)
	}
	page := proxy.Page{Link: s.URL() + "/environments/" + key.String()}
	switch environment.Status {
	case aloft.EnvironmentCreating, aloft.EnvironmentUpdating:
		page.Status, page.Refresh, page.RetryAfter = http.StatusServiceUnavailable, true, 2*time.Second
		page.Title = key.Branch() + " is on its way"
		page.Message = "It is being provisioned, built and deployed. This page turns into the app when it is ready."
	case aloft.EnvironmentDestroying, aloft.EnvironmentDestroyed:
		page.Status = http.StatusGone
		page.Title = key.Branch() + " is destroyed"
		page.Message = "Its branch was deleted, or its time was up. Push the branch again and it comes back, empty."
	case aloft.EnvironmentFailed:
		page.Status = http.StatusBadGateway
		page.Title = key.Branch() + " could not be made"
		page.Message, page.Detail = "Nothing serves here yet. The log of the run tells why.", environment.Reason
	default:
		page.Status, page.Refresh, page.RetryAfter = http.StatusServiceUnavailable, true, 2*time.Second
		page.Title = key.Branch() + " is starting"
		page.Message, page.Detail = "Its app is not answering at the moment.", environment.Reason
	}
	return page
}

func unknownPage(host string) proxy.Page {
	return proxy.Page{
		Status: http.StatusNotFound, Title: "There is no environment here",
		Message: "No environment answers at " + host + ". Make one with: git push aloft HEAD:env-<name>",
	}
}

// keyOfHost reads <env>.<project>.localhost and <app>.<env>.<project>.localhost.
func keyOfHost(host string) (aloft.EnvironmentKey, bool) {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(name), ".localhost"), ".")
	if len(labels) < 2 || len(labels) > 3 {
		return aloft.EnvironmentKey{}, false
	}
	key := aloft.EnvironmentKey{Project: labels[len(labels)-1], Environment: labels[len(labels)-2]}
	return key, key.Validate() == nil
}

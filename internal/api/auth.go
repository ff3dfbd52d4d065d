package api

import (
	"context"
	"net/http"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/aloft-dev/aloft"
)

// ActorHeader names the person on whose behalf a client calls. It is believed,
// for it only serves to show who asked: the token decides what is allowed.
const ActorHeader = "Aloft-Actor"

const maxActor = 100

// caller is who makes a request.
type caller struct {
	Scope
	Actor string
}

type callerKey struct{}

// actor returns who makes the request of ctx, for the records.
func actor(ctx context.Context) string {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c.Actor
}

// Token returns the token a request carries: as a bearer, or as the password
// of Basic credentials, which is how git clients send it. "" = none.
func Token(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return ""
}

// identify finds out who makes a request. A request with credentials is judged
// by them alone, whatever cookies it carries.
func (s *Server) identify(r *http.Request) (caller, bool) {
	if r.Header.Get("Authorization") == "" {
		return caller{Scope{Admin: true}, "browser"}, s.LoggedIn(r)
	}
	scope, ok := s.Authenticate(Token(r))
	name := cleanActor(r.Header.Get(ActorHeader))
	if user, _, basic := r.BasicAuth(); basic && name == "" {
		name = cleanActor(user)
	}
	if name == "" {
		name = "api"
	}
	return caller{scope, name}, ok
}

// cleanActor makes a name from outside fit to be shown.
func cleanActor(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(name, ""))
	if runes := []rune(name); len(runes) > maxActor {
		name = string(runes[:maxActor])
	}
	return strings.TrimSpace(name)
}

// admit lets a request through to an operation if its caller may call it.
func (s *Server) admit(access access) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		who, ok := s.identify(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Bearer realm="aloft"`)
			s.refuse(ctx, unauthorized())
			return
		}
		key := aloft.EnvironmentKey{Project: r.PathValue("project"), Environment: r.PathValue("environment")}
		if !who.Admin && (access != ofEnvironment || key != who.Key) {
			s.refuse(ctx, problemOf(aloft.Errorf(aloft.CodeForbidden,
				"the token of a run may only touch the local resources of its own environment")))
			return
		}
		if err := validatePath(r); err != nil {
			s.refuse(ctx, problemOf(err))
			return
		}
		next(huma.WithValue(ctx, callerKey{}, who))
	}
}

// validatePath checks the names in a request's path.
func validatePath(r *http.Request) error {
	checks := []struct {
		parameter string
		validate  func(string) error
	}{
		{"project", aloft.ValidateProjectName},
		{"environment", aloft.ValidateEnvironmentName},
		{"app", aloft.ValidateAppName},
		{"name", aloft.ValidateAppName},
	}
	for _, c := range checks {
		if value := r.PathValue(c.parameter); value != "" {
			if err := c.validate(value); err != nil {
				return err
			}
		}
	}
	return nil
}

package blueprint_test

import (
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// What hangs on the target is not judged without it.
func TestAnUnknownTargetIsToldAlone(t *testing.T) {
	c := blueprint.Choices{Name: "shop", Target: "gcp", Region: "us-east1", Database: blueprint.Service{Kind: "postgresql", Tier: "burstable"}}.Complete()
	if found := c.Check(); len(found) != 1 || found[0].Field != "target" {
		t.Errorf("it is told: %v", found)
	}
}

func TestCheck(t *testing.T) {
	app := func(change func(*blueprint.App)) blueprint.Choices {
		c := blueprint.Choices{Name: "shop", Apps: []blueprint.App{{Runtime: "spring-boot"}}}
		change(&c.Apps[0])
		return c
	}
	for _, test := range []struct {
		name    string
		choices blueprint.Choices
		want    string // part of the error; "" = none
	}{
		{"a name is enough", blueprint.Choices{Name: "shop"}, ""},
		{"no name", blueprint.Choices{}, `name: ""`},
		{"a bad name", blueprint.Choices{Name: "Shop\n"}, `name: "Shop\n" is no name`},
		{"an unknown target", blueprint.Choices{Name: "shop", Target: "mars"}, `target: "mars" is not known; one of azure, local`},
		{"an unknown region", blueprint.Choices{Name: "shop", Region: "atlantis"}, `region: "atlantis" is not known; one of westeurope,`},
		{"a database of another tier", blueprint.Choices{Name: "shop", Database: blueprint.Service{Kind: "postgresql", Tier: "serverless"}}, `database.tier: "serverless" is not known; one of burstable,`},
		{"the same add-on twice", blueprint.Choices{Name: "shop", AddOns: []blueprint.Service{{Kind: "redis"}, {Kind: "redis"}}}, `addOns[1].kind: "redis" is there twice`},
		{"Redis asks for a private network", blueprint.Choices{Name: "shop", AddOns: []blueprint.Service{{Kind: "redis"}}}, ""},
		{"Redis in public", blueprint.Choices{Name: "shop", Network: "public", AddOns: []blueprint.Service{{Kind: "redis"}}}, `network: "public" leaves Redis open to the internet`},
		{"the free plan with a database", func() blueprint.Choices {
			c := app(func(a *blueprint.App) { a.Hosting, a.Tier = "web-app", "free" })
			c.Database.Kind = "mysql"
			return c
		}(), `apps[0].tier: "free" cannot join a network, so MySQL would have to be open to everybody for it; one of basic, standard, premium`},
		{"Docker as a function", app(func(a *blueprint.App) { a.Runtime, a.Hosting = "docker", "function" }), `apps[0].hosting: "function" has no worker for Docker`},
		{"Go in a web app is an image", app(func(a *blueprint.App) { a.Runtime, a.Hosting = "go", "web-app" }), ""},
		{"Go as an archive", app(func(a *blueprint.App) { a.Runtime, a.Hosting, a.Packaging = "go", "web-app", "archive" }), `apps[0].packaging: "archive" does not go with a web app, which brings no runtime for Go`},
		{"a path out of the repository", app(func(a *blueprint.App) { a.Path = "../x" }), `apps[0].path: "../x" is no folder in the repository`},
		{"a health path with a line break", app(func(a *blueprint.App) { a.Health = "/a\nb" }), `apps[0].health: "/a\nb" is no path`},
		{"two kinds of functions", blueprint.Choices{Name: "shop", Network: "private", Apps: []blueprint.App{{Name: "a", Runtime: "node", Hosting: "function"}, {Name: "b", Runtime: "node", Hosting: "function", Tier: "premium"}}}, `apps[1].tier: "premium" cannot share the functions' subnet with flex; one of flex`},
		{"local", blueprint.Choices{Name: "shop", Target: "local", Database: blueprint.Service{Kind: "postgresql"}}, ""},
		{"local with a region", blueprint.Choices{Name: "shop", Target: "local", Region: "westeurope"}, `region: "westeurope" cannot be chosen: the local target has no regions`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.choices.Complete().Check().Err()
			switch {
			case test.want == "" && err != nil:
				t.Errorf("unexpected: %v", err)
			case test.want != "" && err == nil:
				t.Errorf("no error, want one with %q", test.want)
			case err != nil && !strings.Contains(err.Error(), test.want):
				t.Errorf("error is %q, want %q in it", err, test.want)
			}
		})
	}
}

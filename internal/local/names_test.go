package local_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/local"
)

func TestDatabaseNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule, url string
		want      map[string]string
	}{
		{"without a port it is the usual one", "postgresql://u:p@db/app", map[string]string{"PGPORT": "5432", "JDBC_DATABASE_URL": "jdbc:postgresql://db:5432/app"}},
		{"without a password", "postgres://u@db:1/app", map[string]string{"PGUSER": "u", "PGPASSWORD": "", "PGSSLMODE": ""}},
		{"an address of IPv6", "postgres://u:p@[::1]:5433/app", map[string]string{"PGHOST": "::1", "SPRING_DATASOURCE_URL": "jdbc:postgresql://[::1]:5433/app"}},
		{"quotes in an ADO.NET value", "postgres://u:a%22b@db/app", map[string]string{"ConnectionStrings__Default": `Host=db;Port=5432;Database=app;Username=u;Password="a""b"`}},
		{"another kind of database", "mysql://u:p@db/app", nil},
		{"no URL", "://", nil},
		{"nothing", "", nil},
		{"what no process can be given", "postgres://u:%00@db/app", nil},
	} {
		t.Run(test.rule, func(t *testing.T) {
			got := local.DatabaseNames("go", test.url)
			if (got == nil) != (test.want == nil) {
				t.Errorf("%v", got)
			}
			for name, want := range test.want {
				if got[name] != want {
					t.Errorf("%s is %q, want %q", name, got[name], want)
				}
			}
		})
	}
}

func FuzzDatabaseNames(f *testing.F) {
	for _, seed := range []string{databaseURL, "postgres://[::1]/x", "postgres://a:b@c:1/d?sslmode=require", "postgresql://%41:%00@h", "mysql://x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, value := range local.DatabaseNames("go", text) {
			if strings.Contains(value, "\x00") {
				t.Errorf("%s holds a NUL", name)
			}
			if jdbc, ok := strings.CutPrefix(value, "jdbc:"); ok && strings.HasSuffix(name, "_URL") {
				parsed, err := url.Parse(jdbc)
				if err != nil || parsed.User != nil {
					t.Errorf("%s is %q: %v", name, value, err)
				}
			}
		}
	})
}

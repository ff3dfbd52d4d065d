package git_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

func TestAPushReturnsWhenTheServerIsCutOff(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	cuts := make(chan context.CancelFunc, 2)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cut := context.WithCancel(r.Context())
		defer cut()
		if strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
			cuts <- cut
		}
		s.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(front.Close)
	s.receive = func(ctx context.Context, _ aloft.Push, progress io.Writer) []aloft.RefResult {
		_, _ = fmt.Fprintln(progress, "under way")
		(<-cuts)()
		<-ctx.Done()
		return nil
	}
	c := newClone(t, s, "shop")
	c.commit("a", "1")
	url := strings.Replace(s.url("shop"), strings.TrimPrefix(s.Server.URL, "http://"), strings.TrimPrefix(front.URL, "http://"), 1)
	if code, output := c.try("push", url, "HEAD:refs/heads/env-alice"); code == 0 {
		t.Errorf("a push that was cut off succeeds:\n%s", output)
	}
}

package azure_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
)

func TestLogsOfAContainerAppAreThoseOfWhatServes(t *testing.T) {
	c := newContainerCloud(t)
	r, _ := request("good", containerOutput())
	target := c.target(t)
	if _, _, err := target.Deploy(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := target.Logs(t.Context(), r, 5, false, &out); err != nil || out.String() != "starting\npanic: no database\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	t.Run("followed, until somebody stops it", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		rounds := 0
		c.clock.tick = func() {
			if rounds++; rounds == 3 {
				stop()
			}
		}
		out.Reset()
		if err := target.Logs(ctx, r, 5, true, &out); err != nil || strings.Count(out.String(), "starting") != 3 {
			t.Errorf("%q, %v", out.String(), err)
		}
	})
	t.Run("what does not run says nothing", func(t *testing.T) {
		normal := c.hosts[manager]
		c.hosts[manager] = func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/replicas") {
				reply(w, http.StatusOK, object{"value": []any{}})
				return
			}
			normal(w, r)
		}
		if err := target.Logs(t.Context(), r, 5, false, &out); aloft.ErrorCode(err) != aloft.CodeNotFound || aloft.ErrorHint(err) == "" {
			t.Errorf("error %v", err)
		}
	})
}

func TestLogsOfAWebApp(t *testing.T) {
	c := newSiteCloud(t, false)
	r, _ := webRequest(t, "good", nil)
	target := c.target(t)
	var out bytes.Buffer
	if err := target.Logs(t.Context(), r, 1, false, &out); err != nil || out.String() != "Error: no database\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	c.next("/api/logstream", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token" {
			t.Error("there is no token")
		}
		reply(w, http.StatusOK, "a\nb\n")
	})
	if err := target.Logs(t.Context(), r, 1, true, &out); err != nil || out.String() != "a\nb\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

package server

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
)

// TestAServerWithoutItsRecordsStops: by itself, and says why.
func TestAServerWithoutItsRecordsStops(t *testing.T) {
	t.Parallel()
	s, _ := secureServer(t, Options{Token: testToken})
	if err := os.Rename(s.path("aloft.db"), s.path("aloft.db.moved")); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.broken:
		if aloft.ErrorCode(err) != aloft.CodeUnavailable || !strings.Contains(err.Error(), "moved away or replaced") {
			t.Errorf("it stops with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

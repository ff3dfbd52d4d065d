package cloud_test

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/tools/azure/cloud"
)

func TestAddressesAreRead(t *testing.T) {
	for _, test := range []struct{ path, id, kind, last string }{
		{"/subscriptions/s", "/subscriptions/s", "", ""},
		{"/subscriptions/s/resourceGroups", "/subscriptions/s", "", "resourceGroups"},
		{"/subscriptions/s/resourceGroups/g/", "/subscriptions/s/resourceGroups/g", "resourcegroups", ""},
		{"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web", "microsoft.web", "sites"},
		{"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/slots/b/start", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/slots/b", "microsoft.web/sites/slots", "start"},
		{
			"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/providers/Microsoft.Insights/diagnosticSettings/logs",
			"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/providers/Microsoft.Insights/diagnosticSettings/logs", "microsoft.insights/diagnosticsettings", "",
		},
	} {
		t.Run(test.path, func(t *testing.T) {
			if id, kind, last := cloud.ParsePath(test.path); id != test.id || kind != test.kind || last != test.last {
				t.Errorf("it is %q, %q, %q", id, kind, last)
			}
		})
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/slots")
	f.Add("providers")
	f.Add("//providers/")
	f.Fuzz(func(t *testing.T, text string) {
		id, _, _ := cloud.ParsePath(text)
		if again, _, _ := cloud.ParsePath(id); id != "" && !strings.EqualFold(again, id) && !strings.Contains(text, "//") {
			t.Errorf("%q is %q, which is %q", text, id, again)
		}
	})
}

func FuzzExpression(f *testing.F) {
	f.Add("claims['sub'] matches 'repo:*' and claims['repository_id'] eq '1'", "repo:acme/shop")
	f.Add("claims['sub'] eq 'a'and claims['b'] eq ''", "a")
	f.Fuzz(func(t *testing.T, text, subject string) {
		holds, err := cloud.ExpressionHolds(text, map[string]any{"sub": subject})
		if err == nil && holds && !strings.Contains(text, "sub") {
			t.Errorf("%q says nothing of the subject, and holds", text)
		}
	})
}

func FuzzArchives(f *testing.F) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, head := range []*tar.Header{
		{Name: "a/../../outside", Typeflag: tar.TypeReg, Mode: 0o644},
		{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc"},
		{Name: "link/outside", Typeflag: tar.TypeReg, Mode: 0o644},
		{Name: "up", Typeflag: tar.TypeSymlink, Linkname: "../.."},
		{Name: "up/outside", Typeflag: tar.TypeReg, Mode: 0o644},
	} {
		if err := w.WriteHeader(head); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(archive.Bytes())
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		root := t.TempDir()
		inside := filepath.Join(root, "inside")
		if err := os.Mkdir(inside, 0o700); err != nil {
			t.Fatal(err)
		}
		_ = cloud.LayOut(inside, bytes.NewReader(data)) // most are no archives
		_ = cloud.Unzip(inside, data)
		if found, err := os.ReadDir(root); err != nil || len(found) != 1 {
			t.Errorf("beside the folder there is %v (%v)", found, err)
		}
	})
}

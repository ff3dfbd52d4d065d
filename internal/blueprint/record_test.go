package blueprint_test

import (
	"reflect"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

// TestRecordIsReadAsItWasWritten, whatever its paths and ids look like.
func TestRecordIsReadAsItWasWritten(t *testing.T) {
	record := blueprint.Record{Version: "v1.0.0", Choices: blueprint.Choices{Name: "shop"}.Complete(), Files: map[string]string{
		"terraform/main.tf":           aloft.BlobID("x"),
		".github/workflows/aloft.yml": "1234567890123456789012345678901234567890",
		"aloft.yaml":                  "123456789012345678e901234567890123456789",
		"terraform/a: b # \"c\"":      "0000000000000000000000000000000000000000", "terraform/- x/é": aloft.BlobID(""), "terraform/~": aloft.BlobID("y"),
	}}
	file, err := record.File()
	if err != nil {
		t.Fatal(err)
	}
	back, err := blueprint.ParseRecord([]byte(file.Text))
	if err != nil || !reflect.DeepEqual(back.Files, record.Files) {
		t.Errorf("%v\n%+v\n%s", err, back.Files, file.Text)
	}
}

package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"

	aloft "github.com/aloft-dev/aloft"
)

// document is what is read of a state.
type document struct {
	Version   int    `json:"version"`
	Engine    string `json:"terraform_version"`
	Serial    uint64 `json:"serial"`
	Lineage   string `json:"lineage"`
	Resources []struct {
		Mode      string            `json:"mode"`
		Instances []json.RawMessage `json:"instances"`
	} `json:"resources"`
	// What OpenTofu writes when it encrypts: around this, serial and lineage only.
	Encrypted string `json:"encrypted_data"`
	Method    string `json:"encryption_version"`
}

// sealed reports whether the engine itself has encrypted the state.
func (d document) sealed() bool { return d.Version == 0 && d.Encrypted != "" && d.Method != "" }

// format is the version of the state format that is understood. Terraform writes
// it since 0.12, OpenTofu always has.
const format = 4

// engineVersion is how engines write their version; they read nothing else.
var engineVersion = regexp.MustCompile(`^v?[0-9]+(\.[0-9]+)*([-+~][0-9A-Za-z.+~-]*)?$`)

// parse checks that data is a state and returns what is recorded of it. What the
// engine itself has encrypted is taken as it is.
func parse(data []byte) (aloft.StateVersion, error) {
	d, err := read(data)
	if err != nil {
		return aloft.StateVersion{}, err
	}
	version := aloft.StateVersion{Serial: int64(d.Serial), Lineage: d.Lineage, SizeBytes: int64(len(data))}
	if d.sealed() {
		version.Resources = aloft.UnknownResources
	}
	for _, resource := range d.Resources {
		if resource.Mode == "managed" {
			version.Resources += len(resource.Instances)
		}
	}
	return version, nil
}

func read(data []byte) (document, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return d, aloft.Errorf(aloft.CodeInvalid, "this is not a Terraform state: %w", err)
	}
	if d.Version != format && !d.sealed() {
		return d, aloft.Errorf(aloft.CodeInvalid, "this is not a Terraform state of format version %d", format).
			WithHint("write it with Terraform 0.12 or later, or OpenTofu")
	}
	if d.Engine != "" && !engineVersion.MatchString(d.Engine) {
		return d, aloft.Errorf(aloft.CodeInvalid, "the state is of an engine version that none can read: %q", d.Engine)
	}
	if d.Serial >= math.MaxInt64 {
		return d, aloft.Errorf(aloft.CodeInvalid, "the serial %d of the state is too large", d.Serial)
	}
	return d, nil
}

// withSerial returns a state with another serial and all else as it is, byte for
// byte. A state that the engine itself has encrypted stays as it is.
func withSerial(data []byte, serial int64) ([]byte, error) {
	if d, err := read(data); err != nil || d.sealed() {
		return data, err
	}
	tokens := json.NewDecoder(bytes.NewReader(data))
	if _, err := tokens.Token(); err != nil {
		return nil, err
	}
	begin := int(tokens.InputOffset())
	for tokens.More() {
		name, err := tokens.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := tokens.Decode(&value); err != nil {
			return nil, err
		}
		if name == "serial" {
			end := int(tokens.InputOffset())
			return fmt.Appendf(nil, "%s%d%s", data[:end-len(value)], serial, data[end:]), nil
		}
	}
	return fmt.Appendf(nil, "%s\"serial\":%d,%s", data[:begin], serial, data[begin:]), nil
}

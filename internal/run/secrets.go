package run

import (
	"context"
	"encoding/json"

	"github.com/aloft-dev/aloft"
)

// secrets returns what the target and the last apply say must not be shown.
func (p *Pipeline) secrets(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	var values []string
	if p.Secrets != nil {
		var err error
		if values, err = p.Secrets(ctx, key); err != nil {
			return nil, err
		}
	}
	before, err := p.applied(key)
	if err != nil || p.Sealer == nil || before.Last.Sensitive == nil {
		return values, err
	}
	plain, err := p.Sealer.Open(before.Last.Sensitive, key.StateKey())
	if err != nil {
		return values, err
	}
	var outputs []string
	err = json.Unmarshal(plain, &outputs)
	return append(values, outputs...), err
}

// seal makes the values of sensitive outputs fit to be remembered.
func (p *Pipeline) seal(key aloft.EnvironmentKey, values []string) ([]byte, error) {
	if p.Sealer == nil || len(values) == 0 {
		return nil, nil
	}
	plain, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	return p.Sealer.Seal(plain, key.StateKey()), nil
}

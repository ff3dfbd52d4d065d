package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/aloft-dev/aloft"
)

// sealed encrypts a value, bound to the thing it belongs to.
func (s *Store) sealed(value any, of string) []byte {
	return s.sealer.Seal([]byte(toJSON(value)), of)
}

func (s *Store) unseal(data []byte, of string, value any) error {
	plain, err := s.sealer.Open(data, of)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, value)
}

const sealSetting = "seal"

// checkSeal makes sure, before anything is written, that the records were
// sealed with the key at hand.
func (s *Store) checkSeal(ctx context.Context) error {
	return s.change(ctx, func(c *change) error {
		var mark []byte
		err := c.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, sealSetting).Scan(&mark)
		if errors.Is(err, sql.ErrNoRows) {
			return c.exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)`,
				sealSetting, s.sealed(sealSetting, sealSetting))
		}
		if err != nil {
			return err
		}
		if s.unseal(mark, sealSetting, new(string)) != nil {
			return aloft.Errorf(aloft.CodeConflict, "cannot open the records: they were sealed with another key").
				WithHint("bring back the key file that belongs to these records")
		}
		return nil
	})
}

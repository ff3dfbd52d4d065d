package api

import (
	"bufio"
	"context"
	"io"
)

// backupPiece is how much of a backup is sent at once, in bytes.
const backupPiece = 256 << 10

func (s *Server) backup(context.Context, *nothing) (*stream, error) {
	return s.stream(gzipFile, func(ctx context.Context, w io.Writer) error {
		pieces := bufio.NewWriterSize(w, backupPiece)
		if err := s.Backups.Backup(ctx, pieces); err != nil {
			return err
		}
		return pieces.Flush()
	}), nil
}

// Backup writes a backup of the server to w.
func (c *Client) Backup(ctx context.Context, w io.Writer) error { return c.read(ctx, "/backup", w) }

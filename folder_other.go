//go:build !linux

package aloft

import "os"

// makeMutable does nothing: what an app may not remove here, it cannot make either.
func makeMutable(*os.File) {}

// unmountBelow does nothing: an app cannot mount anything here.
func unmountBelow(string) error { return nil }

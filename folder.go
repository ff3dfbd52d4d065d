package aloft

import "os"

// RemoveFolder removes a folder with all in it, whatever the programs that wrote
// it have done to keep it: folders without rights, files that cannot be changed,
// mounts. Those programs must have ended. Nothing is removed through a mount.
func RemoveFolder(path string) error {
	if err := unmountBelow(path); err != nil {
		return err
	}
	err := os.RemoveAll(path)
	if err == nil {
		return nil
	}
	if root := openStubborn(path); root != nil {
		loosen(root)
		root.Close()
	}
	return os.RemoveAll(path)
}

// openStubborn opens a folder that may have no rights; nil is none.
func openStubborn(path string) *os.Root {
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return nil
	}
	if folder, err := os.Open(path); err == nil {
		makeMutable(folder)
		folder.Close()
	}
	_ = os.Chmod(path, 0o700) // what fails here and below fails again when it is removed
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil
	}
	return root
}

// loosen lets everything below a folder be removed. It follows no link.
func loosen(root *os.Root) {
	folder, err := root.Open(".")
	if err != nil {
		return
	}
	entries, _ := folder.ReadDir(-1)
	folder.Close()
	for _, entry := range entries {
		if !entry.IsDir() && !entry.Type().IsRegular() {
			continue
		}
		if file, err := root.Open(entry.Name()); err == nil {
			makeMutable(file)
			file.Close()
		}
		if !entry.IsDir() {
			continue
		}
		_ = root.Chmod(entry.Name(), 0o700)
		if below, err := root.OpenRoot(entry.Name()); err == nil {
			loosen(below)
			below.Close()
		}
	}
}

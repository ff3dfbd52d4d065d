package blueprint

import (
	"embed"
	"io/fs"
	"path"
)

//go:embed all:modules
var embedded embed.FS

// moduleFiles returns the files of a target's modules, below ModulesFolder.
func moduleFiles(target string, names []string) []File {
	var files []File
	for _, name := range names {
		folder := path.Join("modules", target, name)
		entries, err := fs.ReadDir(embedded, folder)
		if err != nil {
			continue // a test holds compositions and modules together
		}
		for _, entry := range entries {
			data, err := fs.ReadFile(embedded, path.Join(folder, entry.Name()))
			if err == nil && !entry.IsDir() {
				files = append(files, File{Path: path.Join(ModulesFolder, name, entry.Name()), Text: string(data)})
			}
		}
	}
	return files
}

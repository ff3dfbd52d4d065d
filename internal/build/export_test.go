package build

// UseCaches is useCaches.
func (b *Builder) UseCaches(project string) (release func(), err error) { return b.useCaches(project) }

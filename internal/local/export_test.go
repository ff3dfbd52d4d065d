package local

// DatabaseNames lets a fuzz test at what is made of a DATABASE_URL.
var DatabaseNames = databaseNames

module skerry/compat/lib

go 1.23.0

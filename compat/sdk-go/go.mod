module skerry/compat/sdk-go

go 1.23

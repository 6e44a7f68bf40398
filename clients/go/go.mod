module wherry.example/wherry

go 1.22

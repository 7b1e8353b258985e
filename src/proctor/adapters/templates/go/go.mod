module impl

go 1.19

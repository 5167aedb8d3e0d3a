name,power
roof,4000

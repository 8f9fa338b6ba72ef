UPDATE memberships SET own_unread = 0;

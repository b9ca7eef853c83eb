// An app with a configuration that cannot work, started as a user starts one.
import 'reflect-metadata';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthentikModule } from 'nestjs-authentik';

class AppModule {}
Module({ imports: [AuthentikModule.forRoot({ url: 'https://auth.example.com' })] })(AppModule);

await NestFactory.create(AppModule);
